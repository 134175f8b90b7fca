/* A model as one flat piece of memory: network, weights, preprocessing and class names, for
 * programs that only predict. It is opened without a copy and without any library of files: from a
 * file that is mapped into memory (digits.capas), or from a C source that is compiled into the
 * program (digits.c). `capas convert model.keras digits.c` makes either; docs/embedding.md shows
 * the whole way, and how such a program is linked with libcapas-predict.a, which needs libc and
 * libm only.
 *
 * What training needs (compile settings, the optimizer's state) is not in it. */
#ifndef CAPAS_FLAT_H
#define CAPAS_FLAT_H

#include <capas/model.h>
#include <stddef.h>

CAPAS_BEGIN

/* The bytes of one. A source made as digits.c defines one of its name, which a program declares:
 *     extern const capas_flat digits; */
typedef struct capas_flat {
    const void *data; /* at a multiple of 64 the weights are used where they are, else copied */
    size_t size;
} capas_flat;

/* The model in them; NULL on failure (CAPAS_BAD_FILE and the place: what is damaged, cut short,
 * hostile, or made by a capas that laid weights out otherwise, is refused). The bytes must stay
 * where they are, unchanged, until the model is freed; they are never written to: a model whose
 * weights are changed, or which is compiled, makes a copy of its own first. */
CAPAS_API capas_model *capas_model_from_flat(const capas_flat *flat);

/* The same of a file, which is mapped: processes that have it open share the memory. Written anew
 * by capas, it is another file, and the one that is open stays; it must not be cut or changed in
 * place. */
CAPAS_API capas_model *capas_open_flat(const char *path);

/* Writes a model so. A path that ends in .c gives C source, which defines a capas_flat called as
 * the file, with _ for what a name in C cannot have; a source there that capas did not write is not
 * written over. Any other path gives the bytes themselves; name it *.capas. */
CAPAS_API capas_status capas_save_flat(capas_model *model, const char *path);

CAPAS_END

#endif
