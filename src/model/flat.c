/* Opening flat models (flat.h): every size is held against the others before it is used, checksums
 * are compared, and the weights are used where they are. */
#include "model/flat.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "base/value_pack.h"
#include "kernels/fill.h"
#include "model/graph.h"
#include <string.h>

void capas_flat_magic(char magic[CAPAS_FLAT_MAGIC])
{
    const uint16_t one = 1;
    memcpy(magic, "CAPASF1B", CAPAS_FLAT_MAGIC);
    if (*(const char *)&one == 1) magic[CAPAS_FLAT_MAGIC - 1] = 'L';
}

bool capas_flat_begins(const void *data, size_t size)
{
    return size >= CAPAS_FLAT_MAGIC && memcmp(data, "CAPASF", 6) == 0;
}

uint64_t capas_flat_layout(const capas_model *model)
{
    uint64_t sum = 0;
    for (int i = 0; i < model->weight_count; i++) {
        const capas_model_weight *place = &model->weights[i];
        const int64_t words[] = {place->offset, place->count, place->weight->layout,
                                 capas_weight_tile(place->weight)};
        sum = capas_checksum(sum, words, sizeof words);
    }
    return sum;
}

uint64_t capas_flat_checksum(const capas_flat_head *head, const void *description)
{
    uint64_t sum = capas_checksum(0, head, offsetof(capas_flat_head, checksum));
    return capas_checksum(sum, description, (size_t)head->description_size);
}

/* What is read of one. */
typedef struct reader {
    const char *data;
    size_t size;
    capas_flat_head head;
} reader;

static capas_status fail_damaged(const char *what)
{
    return capas_fail(CAPAS_BAD_FILE, "it is damaged (%s); make it again with capas convert", what);
}

static capas_status check_magic(const reader *reader)
{
    char magic[CAPAS_FLAT_MAGIC];
    capas_flat_magic(magic);
    if (!capas_flat_begins(reader->data, reader->size))
        return capas_fail(CAPAS_BAD_FILE, "it is no flat model of capas");
    if (memcmp(reader->data, magic, CAPAS_FLAT_MAGIC - 1) != 0)
        return capas_fail(CAPAS_BAD_FILE,
                          "it is a flat model of another version of capas; make it again with "
                          "capas convert");
    if (reader->data[CAPAS_FLAT_MAGIC - 1] != magic[CAPAS_FLAT_MAGIC - 1])
        return capas_fail(CAPAS_BAD_FILE,
                          "it was made on a machine with another order of bytes; make it again "
                          "with capas convert");
    return CAPAS_OK;
}

static capas_status check_head(reader *reader)
{
    capas_flat_head *head = &reader->head;
    CAPAS_TRY(check_magic(reader));
    if (reader->size < sizeof *head) return fail_damaged("it ends in its head");
    memcpy(head, reader->data, sizeof *head);
    if (head->size != reader->size)
        return capas_fail(CAPAS_BAD_FILE, "it has %zu bytes, but says that it has %llu",
                          reader->size, (unsigned long long)head->size);
    if (head->description_size > CAPAS_FLAT_MOST_DESCRIPTION ||
        head->values_offset % CAPAS_ALIGNMENT != 0 || head->values_offset > head->size ||
        sizeof *head + head->description_size > head->values_offset)
        return fail_damaged("the places of its parts");
    if ((head->size - head->values_offset) % sizeof(float) != 0 ||
        (head->size - head->values_offset) / sizeof(float) != head->value_count)
        return fail_damaged("the size of its weights");
    if (capas_flat_checksum(head, reader->data + sizeof *head) != head->checksum)
        return fail_damaged("the checksum of its description");
    return CAPAS_OK;
}

static capas_model *read_description(const reader *reader, const capas_value *description)
{
    const capas_value *config = capas_value_get(description, "config");
    const capas_value *extra = capas_value_get(description, "capas");
    if (!config || !extra) {
        fail_damaged("its description has no configuration");
        return NULL;
    }
    capas_model *model = capas_model_from_config_with(config, CAPAS_VALUES_ELSEWHERE);
    if (!model) return NULL;
    capas_status status = capas_model_read_extra(model, extra);
    if (status == CAPAS_OK && (capas_flat_layout(model) != reader->head.layout ||
                               (uint64_t)model->value_count != reader->head.value_count))
        status = capas_fail(CAPAS_BAD_FILE,
                            "its weights lie otherwise than this capas has them; make it again "
                            "with capas convert");
    if (status == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

static capas_status check_values(const reader *reader, const capas_model *model,
                                 const float *values)
{
    const size_t size = (size_t)reader->head.value_count * sizeof *values;
    if (capas_checksum(0, values, size) != reader->head.values_checksum)
        return fail_damaged("the checksum of its weights");
    for (int i = 0; i < model->weight_count; i++) {
        const capas_model_weight *place = &model->weights[i];
        if (!capas_all_finite(values + place->offset, place->count))
            return capas_fail(CAPAS_NOT_FINITE, "layer %s: its %s has numbers that are not finite",
                              place->layer->name, place->weight->name);
    }
    return CAPAS_OK;
}

/* Gives the model its weights; on failure the mapping is still the caller's. */
static capas_status take_values(const reader *reader, capas_model *model, capas_mapping mapping)
{
    const void *values = reader->data + reader->head.values_offset;
    const size_t size = (size_t)reader->head.value_count * sizeof(float);
    if ((uintptr_t)reader->data % CAPAS_ALIGNMENT == 0) {
        CAPAS_TRY(check_values(reader, model, values));
        capas_model_lend_values(model, values, mapping);
        return CAPAS_OK;
    }
    float *copy = capas_copy_memory(values, size);
    if (!copy) return CAPAS_NO_MEMORY;
    model->values = copy;
    return check_values(reader, model, copy);
}

static capas_model *read_model(const capas_flat *flat, capas_mapping mapping)
{
    reader reader = {.data = flat->data, .size = flat->size};
    if (check_head(&reader) != CAPAS_OK) return NULL;
    capas_value *description =
        capas_value_unpack(reader.data + sizeof reader.head, (size_t)reader.head.description_size);
    capas_model *model = description ? read_description(&reader, description) : NULL;
    capas_value_free(description);
    if (!model || take_values(&reader, model, mapping) == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

capas_model *capas_model_from_flat(const capas_flat *flat)
{
    if (!flat || !flat->data) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "the flat model is NULL");
        return NULL;
    }
    capas_model *model = read_model(flat, (capas_mapping){0});
    if (!model) capas_fail_in("flat model");
    return model;
}

capas_model *capas_open_flat(const char *path)
{
    capas_mapping mapping;
    if (!path || !*path) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "the path of the model to open is missing");
        return NULL;
    }
    if (capas_map_file(path, &mapping) != CAPAS_OK) return NULL;
    capas_model *model = read_model(&(capas_flat){mapping.data, mapping.size}, mapping);
    if (model) return model;
    capas_fail_in("%s", path);
    capas_unmap(&mapping);
    return NULL;
}
