/* The two configurations in a legacy .h5: those of a .keras file, without what only .keras files
 * have (keras-semantics 7.3, 7.4). */
#include "files/keras.h"
#include "training/trainer.h"

/* Around layers and models Keras's legacy form has class_name and config, and no more. */
static void strip_object(capas_value *object)
{
    static const char *const keys[] = {"module", "registered_name", "build_config",
                                       "compile_config"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        capas_value_free(capas_value_take(object, keys[i]));
    const capas_value *layers = capas_value_get(capas_value_get(object, "config"), "layers");
    for (size_t i = 0; layers && layers->kind == CAPAS_VALUE_LIST && i < layers->count; i++)
        strip_object(layers->items[i]);
}

capas_value *capas_h5_model_config(const capas_model *model)
{
    capas_value *config = capas_model_config(model);
    if (config) strip_object(config);
    return config;
}

static capas_status move(capas_value *from, capas_value *to, const char *key)
{
    capas_value *value = capas_value_take(from, key);
    return capas_value_set(to, key, value ? value : capas_value_null());
}

static capas_status rewrite(capas_value *compile, capas_value *training)
{
    static const char *const keys[] = {
        "loss",        "loss_weights",        "metrics",    "weighted_metrics",
        "run_eagerly", "steps_per_execution", "jit_compile"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CAPAS_TRY(move(compile, training, keys[i]));
    capas_value *optimizer = capas_value_take(compile, "optimizer");
    strip_object(optimizer);
    return capas_value_set(training, "optimizer_config", optimizer);
}

capas_value *capas_h5_training_config(const capas_model *model)
{
    capas_value *compile = capas_compile_config(model), *training = capas_value_map();
    capas_status status = compile && training ? rewrite(compile, training) : CAPAS_NO_MEMORY;
    capas_value_free(compile);
    if (status == CAPAS_OK) return training;
    capas_value_free(training);
    return NULL;
}
