/* What a fit is made of, as lines: everything that decides the bits of its result but the number of
 * epochs, so that a checkpoint of another training is known as such, and by what differs. */
#include "base/lines.h"
#include "base/text.h"
#include "training/fit.h"
#include <inttypes.h>
#include <stdio.h>

enum { TEXT_SIZE = 160, NAME_SIZE = 64 };

static void add_tensor(capas_builder *lines, const char *set, const char *what, int number,
                       const capas_shape *shape, capas_element element)
{
    char name[NAME_SIZE], text[TEXT_SIZE];
    snprintf(name, sizeof name, "%s.%s.%d", set, what, number);
    capas_builder_print(lines, "%s: %s of element %d\n", name,
                        capas_shape_text(shape, text, sizeof text), (int)element);
}

static void add_data(capas_builder *lines, const char *set, const capas_dataset *dataset)
{
    const capas_dataset_spec *spec = &dataset->spec;
    capas_builder_print(lines, "%s.samples: %" PRId64 "\n", set, spec->count);
    for (int i = 0; i < spec->input_count; i++)
        add_tensor(lines, set, "inputs", i, &spec->input_shapes[i], spec->input_elements[i]);
    for (int i = 0; i < spec->target_count; i++)
        add_tensor(lines, set, "targets", i, &spec->target_shapes[i], spec->target_elements[i]);
    for (int i = 0; i < spec->target_count; i++)
        if (spec->weighted[i])
            add_tensor(lines, set, "sample_weight", i, &spec->weight_shapes[i], CAPAS_FLOAT32);
    if (dataset->type->fingerprint)
        capas_builder_print(lines, "%s.checksum: %016" PRIx64 "\n", set,
                            dataset->type->fingerprint(dataset));
}

/* Takes `tree` over. */
static capas_status add_tree(capas_builder *lines, const char *name, capas_value *tree)
{
    if (!tree) return capas_error_status();
    capas_lines_add(lines, name, tree);
    capas_value_free(tree);
    return CAPAS_OK;
}

static capas_status add_options(capas_builder *lines, const capas_fit_options *options)
{
    capas_value *map = capas_value_map();
    if (!map) return CAPAS_NO_MEMORY;
    capas_status status = capas_options_write(&capas_fit_table, options, map);
    capas_value_free(capas_value_take(map, "epochs"));
    capas_value_free(capas_value_take(map, "verbose"));
    capas_value_free(capas_value_take(map, "force"));
    for (int i = 0; i < options->validation_epoch_count; i++)
        capas_builder_print(lines, "fit.validation_epochs.%d: %d\n", i,
                            options->validation_epochs[i]);
    for (int i = 0; i < options->class_weight_count; i++)
        capas_builder_print(lines, "fit.class_weight.%d: %.17g\n", i, options->class_weight[i]);
    if (status == CAPAS_OK) return add_tree(lines, "fit", map);
    capas_value_free(map);
    return status;
}

/* As it was compiled: what callbacks have made of the learning rate since is no part of it. */
static capas_status add_compile(const capas_model *model, capas_builder *lines)
{
    capas_trainer *trainer = model->trainer;
    double rate = trainer->learning_rate;
    trainer->learning_rate = trainer->optimizer.options.sgd.learning_rate;
    capas_value *config = capas_compile_config(model);
    trainer->learning_rate = rate;
    return add_tree(lines, "compile", config);
}

static void add_channels(capas_builder *lines, const capas_preprocessing *bytes)
{
    if (!capas_preprocessing_tells_channels(bytes)) return;
    for (int c = 0; c < 3; c++)
        capas_builder_print(lines, "channel: %.9g %.9g %d\n", bytes->channel_mean[c],
                            bytes->channel_deviation[c], bytes->bgr != 0);
}

static capas_status add_all(const capas_fitting *fit, capas_builder *lines)
{
    const capas_model *model = fit->model;
    capas_builder_print(lines, "seed: %" PRIu64 "\n", model->seed);
    CAPAS_TRY(add_options(lines, &fit->options));
    add_data(lines, "training_data", fit->train);
    if (fit->validation) add_data(lines, "validation_data", fit->validation);
    capas_builder_print(lines, "scale: %.9g\noffset: %.9g\n", model->preprocessing.scale,
                        model->preprocessing.offset);
    add_channels(lines, &model->preprocessing);
    CAPAS_TRY(add_compile(model, lines));
    return add_tree(lines, "model", capas_model_config(model));
}

capas_status capas_fitting_identify(capas_fitting *fit)
{
    capas_builder lines = {0};
    if (fit->identity) return CAPAS_OK;
    capas_status status = add_all(fit, &lines);
    if (status != CAPAS_OK) lines.status = status;
    return capas_builder_finish(&lines, &fit->identity);
}
