/* The state of a training as a file (docs/decisions/checkpoint-file.md), with words of 8 bytes
 * and numbers as the machine has them:
 *
 *   "CAPASST1", u64 entries
 *   for each entry: u64 kind, u64 bytes of its name, u64 bytes of its data; name; data; zeros to a
 *   multiple of 8
 *   u64 checksum: XXH64 chained over the pieces (head; then each entry's numbers with its name, and
 *   its data with the zeros)
 *
 * The file's data may be hostile: every size is held against what is left before it is used. */
#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "training/store.h"
#include <stdbool.h>
#include <string.h>

enum { WORD = 8, HEAD = 2 * WORD, ENTRY_HEAD = 3 * WORD, MOST_ENTRIES = 1 << 16 };

static const char magic[WORD + 1] = "CAPASST1";
static const size_t largest_file = (size_t)1 << 42;

static void put_word(void *to, uint64_t word)
{
    memcpy(to, &word, sizeof word);
}

static uint64_t get_word(const void *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static size_t round_up(size_t size)
{
    return (size + WORD - 1) & ~(size_t)(WORD - 1);
}

/* Writing. */

/* An entry becomes three pieces: numbers with the name, data, zeros. */
enum { PIECES = 3 };

typedef struct entry_head {
    char bytes[ENTRY_HEAD + CAPAS_STATE_NAME];
} entry_head;

typedef struct plan {
    capas_piece *pieces; /* head, PIECES for each entry, checksum */
    entry_head *heads;
    char head[HEAD], checksum[WORD];
} plan;

static const char zeros[WORD];

static uint64_t plan_entry(const capas_state_entry *entry, entry_head *head, capas_piece *pieces,
                           uint64_t sum)
{
    size_t name = strlen(entry->name), padding = round_up(entry->size) - entry->size;
    memset(head, 0, sizeof *head);
    put_word(head->bytes, (uint64_t)entry->kind);
    put_word(head->bytes + WORD, name);
    put_word(head->bytes + 2 * WORD, entry->size);
    memcpy(head->bytes + ENTRY_HEAD, entry->name, name);
    pieces[0] = (capas_piece){head->bytes, ENTRY_HEAD + round_up(name)};
    pieces[1] = (capas_piece){entry->data, entry->size};
    pieces[2] = (capas_piece){zeros, padding};
    sum = capas_checksum(sum, pieces[0].data, pieces[0].size);
    return capas_checksum(sum, entry->data, entry->size);
}

static void make_plan(const capas_state_store *store, plan *plan)
{
    memcpy(plan->head, magic, WORD);
    put_word(plan->head + WORD, store->count);
    plan->pieces[0] = (capas_piece){plan->head, HEAD};
    uint64_t sum = capas_checksum(0, plan->head, HEAD);
    for (size_t i = 0; i < store->count; i++)
        sum = plan_entry(&store->entries[i], &plan->heads[i], plan->pieces + 1 + PIECES * i, sum);
    put_word(plan->checksum, sum);
    plan->pieces[1 + PIECES * store->count] = (capas_piece){plan->checksum, WORD};
}

capas_status capas_store_state(const capas_state_store *store, const char *path)
{
    size_t count = PIECES * store->count + 2;
    plan plan = {
        .pieces = capas_allocate(count, sizeof *plan.pieces),
        .heads = capas_allocate(store->count, sizeof *plan.heads),
    };
    capas_status status = plan.pieces && plan.heads ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) {
        make_plan(store, &plan);
        status = capas_write_pieces(path, plan.pieces, count);
    }
    capas_release(plan.heads);
    capas_release(plan.pieces);
    return status;
}

/* Reading. */

typedef struct reader {
    const char *at;
    size_t left; /* without the checksum at the end */
    uint64_t sum;
} reader;

/* The next `size` bytes and what fills them up to words, or NULL. */
static const char *take(reader *reader, uint64_t size)
{
    if (size > reader->left || round_up((size_t)size) > reader->left) return NULL;
    const char *taken = reader->at;
    reader->at += round_up((size_t)size);
    reader->left -= round_up((size_t)size);
    return taken;
}

static bool is_whole(capas_state_kind kind, const char *data, size_t size)
{
    switch (kind) {
    case CAPAS_STATE_NUMBER:
        return size == sizeof(double);
    case CAPAS_STATE_TEXT:
        return size > 0 && memchr(data, '\0', size) == data + size - 1;
    case CAPAS_STATE_DATA:
        return true;
    }
    return false;
}

static bool read_entry(reader *reader, capas_state_entry *entry)
{
    const char *head = take(reader, ENTRY_HEAD);
    if (!head) return false;
    uint64_t kind = get_word(head), length = get_word(head + WORD), size = get_word(head + 16);
    const char *name = take(reader, length);
    if (!name || length == 0 || length >= CAPAS_STATE_NAME) return false;
    const char *data = take(reader, size);
    if (!data || kind > CAPAS_STATE_DATA || memchr(name, '\0', (size_t)length)) return false;
    reader->sum = capas_checksum(reader->sum, head, ENTRY_HEAD + round_up((size_t)length));
    reader->sum = capas_checksum(reader->sum, data, (size_t)size);
    *entry =
        (capas_state_entry){.kind = (capas_state_kind)kind, .data = data, .size = (size_t)size};
    memcpy(entry->name, name, (size_t)length);
    return is_whole(entry->kind, data, entry->size);
}

static capas_status fail_damaged(const char *path)
{
    return capas_fail(CAPAS_BAD_FILE, "%s is damaged or cut off; it is no whole checkpoint", path);
}

static capas_status read_entries(const char *path, char *data, size_t size,
                                 capas_state_store *store)
{
    if (size < HEAD || memcmp(data, magic, WORD) != 0)
        return capas_fail(CAPAS_BAD_FILE, "%s is no checkpoint that capas wrote", path);
    uint64_t count = get_word(data + WORD);
    if (size < HEAD + WORD || size % WORD != 0 || count > MOST_ENTRIES || count > size / ENTRY_HEAD)
        return fail_damaged(path);
    reader reader = {data + HEAD, size - HEAD - WORD, capas_checksum(0, data, HEAD)};
    store->entries = capas_allocate((size_t)count, sizeof *store->entries);
    if (!store->entries) return CAPAS_NO_MEMORY;
    store->capacity = (size_t)count;
    for (; store->count < count; store->count++)
        if (!read_entry(&reader, &store->entries[store->count])) return fail_damaged(path);
    if (reader.left > 0 || reader.sum != get_word(reader.at)) return fail_damaged(path);
    return CAPAS_OK;
}

capas_status capas_restore_state(const char *path, capas_state_store *store)
{
    char *data;
    size_t size;
    CAPAS_TRY(capas_read_file(path, largest_file, &data, &size));
    capas_state_clear(store);
    capas_status status = read_entries(path, data, size, store);
    store->block = data;
    if (status != CAPAS_OK) capas_state_clear(store);
    return status;
}
