/* Vectors of CAPAS_VECTOR floats in GCC/Clang vector extensions: the only file, besides cpu
 * detection, that knows an instruction set. Tuned kernels are written once over it and compiled for
 * each level with CAPAS_VECTOR = 4 (SSE2, NEON), 8 (AVX2+FMA) or 16 (AVX-512); a wider vector than
 * the machine's is lowered by the compiler, so every width can be tested on every machine.
 *
 * CAPAS_TUNED(name) is the level's own name of a function: name_avx2. */
#ifndef CAPAS_KERNELS_TUNED_VECTOR_H
#define CAPAS_KERNELS_TUNED_VECTOR_H

#include "kernels/tuned/compact_table.h"
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__) || defined(__AVX512F__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define CAPAS_PASTE_(a, b) a##_##b
#define CAPAS_PASTE(a, b)  CAPAS_PASTE_(a, b)
#define CAPAS_TUNED(name)  CAPAS_PASTE(name, CAPAS_LEVEL_NAME)
#define CAPAS_STRING_(a)   #a
#define CAPAS_STRING(a)    CAPAS_STRING_(a)
#define CAPAS_LEVEL_STRING CAPAS_STRING(CAPAS_LEVEL_NAME)
#define CAPAS_INLINE       static inline __attribute__((always_inline))
#if defined(__clang__)
#define CAPAS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CAPAS_UNROLL _Pragma("GCC unroll 64")
#endif

typedef float vfloat __attribute__((vector_size(CAPAS_VECTOR * 4), aligned(4), may_alias));
typedef int32_t vint __attribute__((vector_size(CAPAS_VECTOR * 4), aligned(4), may_alias));
typedef uint32_t vuint __attribute__((vector_size(CAPAS_VECTOR * 4), aligned(4), may_alias));
typedef uint8_t vbytes __attribute__((vector_size(CAPAS_VECTOR)));

CAPAS_INLINE vfloat v_load(const float *p)
{
    return *(const vfloat *)p;
}
CAPAS_INLINE void v_store(float *p, vfloat a)
{
    *(vfloat *)p = a;
}
CAPAS_INLINE vfloat v_set(float x)
{
    return x - (vfloat){0};
}
CAPAS_INLINE vfloat v_zero(void)
{
    return (vfloat){0};
}

/* a * b + c, rounded once where the processor has it. Which it is belongs to the level. */
CAPAS_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif CAPAS_VECTOR == 8 && defined(__FMA__)
    return (vfloat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif CAPAS_VECTOR == 4 && defined(__ARM_NEON)
    return (vfloat)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* sum += a * b as v_fma does it. With GCC the instruction is written out: left to itself it adds
 * into the register of a or b when that is no longer needed, and moves the sums about, and to the
 * stack. */
CAPAS_INLINE void v_accumulate(vfloat *sum, vfloat a, vfloat b)
{
#if defined(__clang__)
    *sum = v_fma(a, b, *sum);
#elif CAPAS_VECTOR == 16 && defined(__AVX512F__)
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
#elif CAPAS_VECTOR == 8 && defined(__FMA__)
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(*sum) : "x"(a), "x"(b));
#else
    *sum = v_fma(a, b, *sum);
#endif
}

/* The same pointer, as one value in one register: GCC otherwise may take `base + offset + constant`
 * apart and add up every address in a loop on its own. */
CAPAS_INLINE const float *v_pointer(const float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

/* Lanes where the condition (all ones or zero) holds come from a, the others from b. */
CAPAS_INLINE vfloat v_select(vint condition, vfloat a, vfloat b)
{
    return (vfloat)((condition & (vint)a) | (~condition & (vint)b));
}
/* a > b ? a : b, so that a NaN in a loses. */
CAPAS_INLINE vfloat v_max(vfloat a, vfloat b)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_max_ps((__m512)a, (__m512)b);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_max_ps((__m256)a, (__m256)b);
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    return (vfloat)_mm_max_ps((__m128)a, (__m128)b);
#else
    return v_select(a > b, a, b);
#endif
}
/* a < b ? a : b, so that a NaN in a loses. */
CAPAS_INLINE vfloat v_min(vfloat a, vfloat b)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_min_ps((__m512)a, (__m512)b);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_min_ps((__m256)a, (__m256)b);
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    return (vfloat)_mm_min_ps((__m128)a, (__m128)b);
#else
    return v_select(a < b, a, b);
#endif
}
CAPAS_INLINE vfloat v_abs(vfloat a)
{
    return (vfloat)((vint)a & 0x7fffffff);
}
CAPAS_INLINE vfloat v_sqrt(vfloat a)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_sqrt_ps((__m512)a);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_sqrt_ps((__m256)a);
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    return (vfloat)_mm_sqrt_ps((__m128)a);
#elif CAPAS_VECTOR == 4 && defined(__ARM_NEON)
    return (vfloat)vsqrtq_f32((float32x4_t)a);
#else
    for (int i = 0; i < CAPAS_VECTOR; i++)
        a[i] = __builtin_sqrtf(a[i]);
    return a;
#endif
}

CAPAS_INLINE vint v_load_int(const int32_t *p)
{
    return *(const vint *)p;
}
CAPAS_INLINE void v_store_int(int32_t *p, vint a)
{
    *(vint *)p = a;
}
CAPAS_INLINE vint v_set_int(int32_t x)
{
    return x - (vint){0};
}
/* 0, 1, 2, ... */
CAPAS_INLINE vint v_lanes(void)
{
    static const int32_t lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return v_load_int(lane);
}
/* Toward zero; the value must fit. */
CAPAS_INLINE vint v_to_int(vfloat a)
{
    return __builtin_convertvector(a, vint);
}
CAPAS_INLINE vfloat v_from_int(vint a)
{
    return __builtin_convertvector(a, vfloat);
}

/* The greatest whole number that is not above; the value must fit an int. */
CAPAS_INLINE vfloat v_floor(vfloat a)
{
    vfloat whole = v_from_int(v_to_int(a));
    return whole - v_select(whole > a, v_set(1), v_zero());
}
/* Lane i: p[index[i]]. */
CAPAS_INLINE vfloat v_gather(const float *p, vint index)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_i32gather_ps((__m512i)index, p, 4);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_i32gather_ps(p, (__m256i)index, 4);
#else
    vfloat gathered;
    for (int i = 0; i < CAPAS_VECTOR; i++)
        gathered[i] = p[index[i]];
    return gathered;
#endif
}

/* The first `count` < CAPAS_VECTOR lanes; nothing is touched behind them, and the other lanes are
 * 0. */
CAPAS_INLINE vfloat v_load_part(const float *p, int count)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_maskload_ps(p, (__m256i)(v_lanes() < count));
#else
    float lane[CAPAS_VECTOR] = {0};
    for (int i = 0; i < count; i++)
        lane[i] = p[i];
    return v_load(lane);
#endif
}
CAPAS_INLINE void v_store_part(float *p, vfloat a, int count)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)a);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    _mm256_maskstore_ps(p, (__m256i)(v_lanes() < count), (__m256)a);
#else
    for (int i = 0; i < count; i++)
        p[i] = a[i];
#endif
}

/* Bit i of the answer: lane i of the condition (all ones or zero). */
CAPAS_INLINE unsigned v_bits(vint condition)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)condition, (__m512i)condition);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (unsigned)_mm256_movemask_ps((__m256)condition);
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    return (unsigned)_mm_movemask_ps((__m128)condition);
#else
    unsigned bits = 0;
    for (int i = 0; i < CAPAS_VECTOR; i++)
        bits |= (unsigned)(condition[i] & 1) << i;
    return bits;
#endif
}

/* Sum of the lanes in a fixed order: halves are added, again and again. */
CAPAS_INLINE float v_sum(vfloat a)
{
    float lane[CAPAS_VECTOR];
    v_store(lane, a);
    for (int half = CAPAS_VECTOR / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

/* Appends the lanes of `value` that are not zero (a NaN is not), and their numbers from `index`, to
 * two lists, in order; returns how many. Writes whole vectors: the lists need CAPAS_VECTOR places
 * to spare. */
CAPAS_INLINE int v_append_live(float *values, int32_t *indices, vfloat value, vint index)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    __mmask16 live = _mm512_cmp_ps_mask((__m512)value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    _mm512_storeu_ps(values, _mm512_maskz_compress_ps(live, (__m512)value));
    _mm512_storeu_si512(indices, _mm512_maskz_compress_epi32(live, (__m512i)index));
    /* Not the mask itself: gcc 12 may put two bytes of it on the stack and read four. */
    return __builtin_popcount(_cvtmask16_u32(live));
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    unsigned live = v_bits(value != 0.0f);
    __m128i order = _mm_loadl_epi64((const __m128i *)&capas_compact_table[live]);
    __m256i lanes = _mm256_cvtepu8_epi32(order);
    _mm256_storeu_ps(values, _mm256_permutevar8x32_ps((__m256)value, lanes));
    _mm256_storeu_si256((__m256i *)indices, _mm256_permutevar8x32_epi32((__m256i)index, lanes));
    return __builtin_popcount(live);
#else
    int count = 0;
    for (int i = 0; i < CAPAS_VECTOR; i++) {
        values[count] = value[i];
        indices[count] = index[i];
        count += value[i] != 0.0f;
    }
    return count;
#endif
}

/* Pairs of lanes from a and b in turn, the first half of them and the second; with 8 lanes within
 * each group of four, where that is one instruction. */
#if CAPAS_VECTOR == 4
#define CAPAS_ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define CAPAS_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif CAPAS_VECTOR == 8
#define CAPAS_ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define CAPAS_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define CAPAS_ZIP_LOW(a, b)                                                                        \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define CAPAS_ZIP_HIGH(a, b)                                                                       \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

/* One round of a transposition of `size` rows: row i and row i + size / 2 are zipped. */
CAPAS_INLINE void v_zip_rows(vfloat *row, int size)
{
    vfloat zipped[CAPAS_VECTOR];
    CAPAS_UNROLL
    for (int i = 0; i < size / 2; i++) {
        zipped[2 * i] = (vfloat)CAPAS_ZIP_LOW(row[i], row[i + size / 2]);
        zipped[2 * i + 1] = (vfloat)CAPAS_ZIP_HIGH(row[i], row[i + size / 2]);
    }
    CAPAS_UNROLL
    for (int i = 0; i < size; i++)
        row[i] = zipped[i];
}

/* Transposes the square of CAPAS_VECTOR vectors in place. */
CAPAS_INLINE void v_transpose(vfloat *row)
{
#if CAPAS_VECTOR == 8
    /* Four squares of four by four, then the two off the diagonal change places. */
    CAPAS_UNROLL
    for (int round = 0; round < 2; round++) {
        v_zip_rows(row, 4);
        v_zip_rows(row + 4, 4);
    }
    CAPAS_UNROLL
    for (int i = 0; i < 4; i++) {
        vfloat a = row[i], b = row[i + 4];
        row[i] = (vfloat)__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
        row[i + 4] = (vfloat)__builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    }
#else
    CAPAS_UNROLL
    for (int size = CAPAS_VECTOR; size > 1; size /= 2)
        v_zip_rows(row, CAPAS_VECTOR);
#endif
}

/* Bytes as integers, and back (each lane 0 .. 255). */
CAPAS_INLINE vint v_load_bytes(const uint8_t *p)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vint)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vint)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    vbytes bytes;
    memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes, vint);
#endif
}
CAPAS_INLINE void v_store_bytes(uint8_t *p, vint a)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)a));
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)a),
                                    _mm256_extracti128_si256((__m256i)a, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
#else
    vbytes bytes = __builtin_convertvector(a, vbytes);
    memcpy(p, &bytes, sizeof bytes);
#endif
}

/* Four floats, again and again. */
CAPAS_INLINE vfloat v_load_quad(const float *p)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_broadcast_f32x4(_mm_loadu_ps(p));
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_broadcast_ps((const __m128 *)p);
#else
    vfloat quad;
    for (int i = 0; i < CAPAS_VECTOR; i += 4)
        memcpy((float *)&quad + i, p, 4 * sizeof(float));
    return quad;
#endif
}
/* Lane i: number index[i] (0 .. 3) of the four lanes among which lane i is. */
CAPAS_INLINE vfloat v_permute_quad(vfloat quad, vint index)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vfloat)_mm512_permutevar_ps((__m512)quad, (__m512i)index);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vfloat)_mm256_permutevar_ps((__m256)quad, (__m256i)index);
#elif CAPAS_VECTOR == 4 && defined(__ARM_NEON)
    vint bytes = index * 0x04040404 + 0x03020100;
    return (vfloat)vqtbl1q_u8((uint8x16_t)quad, (uint8x16_t)bytes);
#elif CAPAS_VECTOR == 4
    vint odd = -(index & 1), high = -(index >> 1);
    vfloat low_pair = v_select(odd, __builtin_shufflevector(quad, quad, 1, 1, 1, 1),
                               __builtin_shufflevector(quad, quad, 0, 0, 0, 0));
    vfloat high_pair = v_select(odd, __builtin_shufflevector(quad, quad, 3, 3, 3, 3),
                                __builtin_shufflevector(quad, quad, 2, 2, 2, 2));
    return v_select(high, high_pair, low_pair);
#else
    vfloat picked;
    for (int i = 0; i < CAPAS_VECTOR; i++)
        picked[i] = quad[(i & ~3) + index[i]];
    return picked;
#endif
}

#endif
