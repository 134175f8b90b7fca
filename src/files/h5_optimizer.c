/* Writing an optimizer's state into an .h5: the variables that a .keras file numbers have names
 * here, Keras 3's: "adam/iteration", "adam/model_dense_kernel_momentum". They are loaded by their
 * order. */
#include "base/memory.h"
#include "base/text.h"
#include "files/keras.h"
#include "training/optimizer.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
/* What Keras calls the slots of a rule. */
static const struct slot_names {
    const char *optimizer;
    const char *slots[4];
} slot_names[] = {
    {"SGD", {"momentum"}},
    {"RMSprop", {"velocity", "momentum", "average_gradient"}},
    {"Adadelta", {"accumulated_grad", "accumulated_delta_var"}},
    {"Adamax", {"momentum", "norm"}},
    {"Lion", {"momentum"}},
    {"Adagrad", {"accumulator"}},
    {"Ftrl", {"accumulator", "linear"}},
    {"Adafactor", {"rows", "columns", "velocity"}},
};

static const char *slot_name(const capas_trainer *trainer, int slot)
{
    static const char *const usual[] = {"momentum", "velocity", "velocity_hat"};
    const char *optimizer = capas_optimizer_type_of(&trainer->optimizer)->name;
    if (slot == capas_optimizer_average_slot(trainer)) return "average";
    if (slot == capas_optimizer_accumulator_slot(trainer)) return "gradient_accumulator";
    for (size_t i = 0; i < CAPAS_COUNT(slot_names); i++)
        if (strcmp(slot_names[i].optimizer, optimizer) == 0) return slot_names[i].slots[slot];
    return usual[slot];
}

/* Names that are written, each of its own memory. */
typedef struct names {
    char **items;
    size_t count, capacity;
} names;

static void free_names(names *names)
{
    for (size_t i = 0; i < names->count; i++)
        capas_release(names->items[i]);
    capas_release(names->items);
}

/* Adds a name, and gives the path of its array. */
static capas_status add_name(names *names, const char *name, char path[CAPAS_KERAS_PATH])
{
    CAPAS_TRY(
        capas_grow((void **)&names->items, names->count, &names->capacity, sizeof *names->items));
    char *copy = capas_copy_string(name);
    if (!copy) return CAPAS_NO_MEMORY;
    names->items[names->count++] = copy;
    capas_cut_text(path, CAPAS_KERAS_PATH,
                   snprintf(path, CAPAS_KERAS_PATH, "optimizer_weights/%s", name));
    return CAPAS_OK;
}

/* "adam/model_dense_kernel_momentum". */
static void name_slot(const capas_model *model, int weight, int slot, char *name, size_t size)
{
    const capas_model_weight *place = &model->weights[weight];
    const char *optimizer = capas_optimizer_name(model->trainer);
    int length =
        snprintf(name, size, "%s/%s%s%s_%s_%s", optimizer,
                 model->sequential ? capas_model_name(model) : "", model->sequential ? "_" : "",
                 place->layer->name, place->weight->name, slot_name(model->trainer, slot));
    if (length < 0 || (size_t)length >= size)
        snprintf(name, size, "%s/%d_%s", optimizer, weight, slot_name(model->trainer, slot));
    for (char *c = strchr(name, '/') + 1; *c; c++)
        if (*c == '/') *c = '_';
}

static bool is_taken(const names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0) return true;
    return false;
}

static capas_status write_slots(const capas_model *model, capas_hdf5 *file, names *names)
{
    char name[CAPAS_KERAS_PATH - 32], path[CAPAS_KERAS_PATH];
    int weight, slot;
    for (int i = 0; capas_optimizer_variable(model, i, &weight, &slot); i++) {
        name_slot(model, weight, slot, name, sizeof name);
        /* "a_b/c" and "a/b_c" would be one. */
        if (is_taken(names, name))
            snprintf(name, sizeof name, "%s/variable_%d", capas_optimizer_name(model->trainer), i);
        CAPAS_TRY(add_name(names, name, path));
        CAPAS_TRY(capas_keras_write_slot(model, file, path, &model->weights[weight], slot));
    }
    double product;
    if (!capas_optimizer_product(model->trainer, &product)) return CAPAS_OK;
    capas_shape scalar = {0};
    float value = (float)product;
    snprintf(name, sizeof name, "%s/u_product", capas_optimizer_name(model->trainer));
    CAPAS_TRY(add_name(names, name, path));
    return capas_hdf5_write_floats(file, path, &scalar, &value);
}

static capas_status write_all(const capas_model *model, capas_hdf5 *file, names *names)
{
    const capas_trainer *trainer = model->trainer;
    char name[2 * CAPAS_NAME_SIZE], path[CAPAS_KERAS_PATH];
    capas_shape scalar = {0};
    float rate = (float)trainer->learning_rate;
    snprintf(name, sizeof name, "optimizer_weights/%s", capas_optimizer_name(trainer));
    CAPAS_TRY(capas_hdf5_make_group(file, name));
    snprintf(name, sizeof name, "%s/iteration", capas_optimizer_name(trainer));
    CAPAS_TRY(add_name(names, name, path));
    CAPAS_TRY(capas_hdf5_write_integer(file, path, trainer->iteration));
    if (!capas_optimizer_has_schedule(trainer)) {
        snprintf(name, sizeof name, "%s/learning_rate", capas_optimizer_name(trainer));
        CAPAS_TRY(add_name(names, name, path));
        CAPAS_TRY(capas_hdf5_write_floats(file, path, &scalar, &rate));
    }
    if (trainer->slots_ready) CAPAS_TRY(write_slots(model, file, names));
    return capas_hdf5_set_texts(file, "optimizer_weights", "weight_names",
                                (const char *const *)names->items, names->count);
}

capas_status capas_h5_write_optimizer(const capas_model *model, capas_hdf5 *file)
{
    names names = {0};
    if (!model->trainer) return CAPAS_OK;
    capas_status status = write_all(model, file, &names);
    free_names(&names);
    return status;
}
#endif
