/* The table that Keras 3.15 prints for a model (keras-semantics 5.4; Keras utils/summary_utils.py),
 * and with show_cost another of what its layers cost. */
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include "model/nested.h"
#include "model/plan.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256, STANDARD_LENGTH = 80, LONGEST_LENGTH = 1000 };

/* Sizes ------------------------------------------------------------------------------------------
 */

static const char *memory_text(double bytes, char text[TEXT_SIZE])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < CAPAS_COUNT(units)) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, TEXT_SIZE, "%.2f %s", bytes, units[unit]);
    return text;
}

/* "320", "1.08 M" */
static const char *flops_text(double flops, char text[TEXT_SIZE])
{
    static const char *const units[] = {"", " K", " M", " G", " T", " P"};
    size_t unit = 0;
    while (flops >= 1000 && unit + 1 < CAPAS_COUNT(units)) {
        flops /= 1000;
        unit++;
    }
    snprintf(text, TEXT_SIZE, unit == 0 ? "%.0f%s" : "%.2f%s", flops, units[unit]);
    return text;
}

/* The table --------------------------------------------------------------------------------------
 */

/* The first output of the use that this one is of. */
static int first_of(const capas_model *model, int use)
{
    return model->uses[use].output_index > 0 ? model->uses[use].inputs[0] : use;
}

/* A chain prints without "Connected to": each use takes the one before it, and no layer is used
 * twice. */
static bool is_chain(const capas_model *model)
{
    if (model->sequential) return true;
    int before = -1, count = 0; /* further outputs of a layer belong to it */
    for (int i = 0; i < model->use_count; i++) {
        const capas_use *use = &model->uses[i];
        if (use->output_index > 0) continue;
        if (use->input_count != (i > 0)) return false;
        if (i > 0 && first_of(model, use->inputs[0]) != before) return false;
        before = i;
        count++;
    }
    return model->layer_count == count;
}

static void add_column(capas_table *table, const char *title, capas_justify justify,
                       double position)
{
    int i = table->column_count++;
    table->titles[i] = title;
    table->justify[i] = justify;
    table->positions[i] = position;
}

static capas_table make_table(bool chain, bool show_trainable, int line_length)
{
    capas_table table = {.line_length = line_length};
    double share = show_trainable ? 0.9 : 1;
    add_column(&table, "Layer (type)", CAPAS_JUSTIFY_LEFT, (chain ? 0.45 : 0.3) * share);
    add_column(&table, "Output Shape", CAPAS_JUSTIFY_LEFT, (chain ? 0.8 : 0.56) * share);
    add_column(&table, "Param #", CAPAS_JUSTIFY_RIGHT, (chain ? 1.0 : 0.74) * share);
    if (!chain) add_column(&table, "Connected to", CAPAS_JUSTIFY_LEFT, share);
    if (show_trainable) add_column(&table, "Trainable", CAPAS_JUSTIFY_CENTER, 1);
    return table;
}

/* "a[0][0], b[0][0]": what all uses of a layer take. */
static capas_status connections_of(const capas_model *model, int layer, char **text)
{
    capas_builder out = {0};
    for (int i = 0; i < model->use_count; i++) {
        const capas_use *use = &model->uses[i];
        if (use->layer != layer || use->output_index > 0) continue;
        for (int k = 0; k < use->input_count; k++) {
            const capas_use *from = &model->uses[use->inputs[k]];
            capas_builder_print(&out, "%s%s[%d][%d]", out.length > 0 ? ", " : "",
                                model->layers[from->layer]->name, from->node_index,
                                from->output_index);
        }
    }
    if (out.length == 0) capas_builder_add(&out, "-");
    return capas_builder_finish(&out, text);
}

/* The outputs of a layer's last use: "(None, 10)", or "[(None, 10), (None, 3)]". */
static capas_status outputs_of(const capas_model *model, int layer, char **text)
{
    const int count = capas_layer_output_count(model->layers[layer]);
    capas_builder out = {0};
    char shape[TEXT_SIZE];
    for (int k = 0; k < count; k++) {
        const capas_use *last = NULL;
        for (int i = 0; i < model->use_count; i++) {
            const capas_use *use = &model->uses[i];
            if (use->layer == layer && use->output_index == k &&
                (!last || use->node_index > last->node_index))
                last = use;
        }
        capas_builder_print(&out, "%s%s%s",
                            k > 0       ? ", "
                            : count > 1 ? "["
                                        : "",
                            capas_shape_text(&last->output, shape, sizeof shape),
                            count > 1 && k == count - 1 ? "]" : "");
    }
    return capas_builder_finish(&out, text);
}

static capas_status add_row(const capas_model *model, const capas_table *table, int number,
                            bool chain, bool first, capas_builder *out)
{
    const capas_layer *layer = model->layers[number];
    int64_t numbers = capas_nested_count(layer, true) + capas_nested_count(layer, false);
    char count[TEXT_SIZE];
    const char *cells[CAPAS_TABLE_COLUMNS] = {0};
    char *connections = NULL, *name = NULL, *shapes = NULL;
    capas_builder title = {0};
    capas_builder_print(&title, "%s (%s)", layer->name, layer->type->name);
    CAPAS_TRY(capas_builder_finish(&title, &name));
    capas_status status = outputs_of(model, number, &shapes);
    if (status == CAPAS_OK && !chain) status = connections_of(model, number, &connections);
    if (status == CAPAS_OK) {
        cells[0] = name;
        cells[1] = shapes;
        cells[2] = capas_thousands(numbers, count, sizeof count);
        cells[3] = connections;
        bool has_weights = numbers > 0;
        cells[chain ? 3 : 4] = !has_weights ? "-" : layer->trainable ? "Y" : "N";
        capas_table_row(table, cells, first, out);
    }
    capas_release(name);
    capas_release(shapes);
    capas_release(connections);
    return status;
}

static void add_total(const char *what, int64_t numbers, double bytes, capas_builder *out)
{
    char count[TEXT_SIZE], size[TEXT_SIZE];
    capas_builder_print(out, " %s params: %s (%s)\n", what,
                        capas_thousands(numbers, count, sizeof count), memory_text(bytes, size));
}

static void add_totals(const capas_model *model, capas_builder *out)
{
    int64_t trained = 0, fixed = 0, optimizer = model->optimizer_variable_count;
    for (int i = 0; i < model->layer_count; i++) {
        trained += capas_nested_count(model->layers[i], true);
        fixed += capas_nested_count(model->layers[i], false);
    }
    int64_t total = trained + fixed + optimizer;
    /* Keras counts steps, and samples in Normalization, in 64 bits; all else is float32. */
    double more = optimizer > 0 ? 4 : 0, counts = 0;
    for (int i = 0; i < model->weight_count; i++)
        if (model->weights[i].weight->shape.rank == 0) counts += 4;
    add_total("Total", total, 4.0 * (double)total + more + counts, out);
    add_total("Trainable", trained, 4.0 * (double)trained, out);
    add_total("Non-trainable", fixed, 4.0 * (double)fixed + counts, out);
    if (optimizer > 0) add_total("Optimizer", optimizer, 4.0 * (double)optimizer + more, out);
}

static capas_status add_summary(const capas_model *model, int line_length, bool show_trainable,
                                capas_builder *out)
{
    bool chain = is_chain(model), first = true;
    capas_table table = make_table(chain, show_trainable, line_length);
    capas_builder_print(out, "Model: \"%s\"\n", capas_model_name(model));
    CAPAS_TRY(capas_table_begin(&table, out));
    for (int i = 0; i < model->layer_count; i++) {
        bool is_input = model->layers[i]->type->lower == NULL;
        if (model->sequential && is_input) continue;
        CAPAS_TRY(add_row(model, &table, i, chain, first, out));
        first = false;
    }
    capas_table_end(&table, out);
    add_totals(model, out);
    return CAPAS_OK;
}

/* What layers cost -------------------------------------------------------------------------------
 */

static void add_cost_row(const capas_table *table, const char *name, const capas_layer_cost *cost,
                         bool first, capas_builder *out)
{
    char forward[TEXT_SIZE], training[TEXT_SIZE], weights[TEXT_SIZE], output[TEXT_SIZE];
    const char *cells[] = {
        name,
        flops_text(cost->forward_flops, forward),
        flops_text(cost->training_flops, training),
        memory_text((double)cost->weight_bytes, weights),
        memory_text((double)cost->output_bytes, output),
    };
    capas_table_row(table, cells, first, out);
}

static capas_status add_costs(capas_model *model, int line_length, capas_builder *out)
{
    capas_table table = {.line_length = line_length};
    capas_layer_cost total = {0};
    bool first = true;
    add_column(&table, "Layer", CAPAS_JUSTIFY_LEFT, 0.34);
    add_column(&table, "FLOPs forward", CAPAS_JUSTIFY_RIGHT, 0.51);
    add_column(&table, "FLOPs training", CAPAS_JUSTIFY_RIGHT, 0.7);
    add_column(&table, "Weights", CAPAS_JUSTIFY_RIGHT, 0.85);
    add_column(&table, "Output", CAPAS_JUSTIFY_RIGHT, 1);
    capas_builder_add(out, "Cost of one sample:\n");
    CAPAS_TRY(capas_table_begin(&table, out));
    for (int i = 0; i < model->layer_count; i++) {
        capas_layer_cost cost;
        CAPAS_TRY(capas_model_layer_cost(model, i, &cost));
        total.forward_flops += cost.forward_flops;
        total.training_flops += cost.training_flops;
        total.weight_bytes += cost.weight_bytes;
        total.output_bytes += cost.output_bytes;
        if (model->sequential && model->layers[i]->type->lower == NULL) continue;
        add_cost_row(&table, model->layers[i]->name, &cost, first, out);
        first = false;
    }
    add_cost_row(&table, "total", &total, first, out);
    capas_table_end(&table, out);
    return CAPAS_OK;
}

static capas_status make_summary(capas_model *model, const capas_summary_options *options,
                                 char **text)
{
    capas_builder out = {0};
    int length = options->line_length == 0 ? STANDARD_LENGTH : options->line_length;
    if (length < 1 || length > LONGEST_LENGTH)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "line_length must be from 1 to %d, found %d",
                          LONGEST_LENGTH, length);
    capas_status status = add_summary(model, length, options->show_trainable == CAPAS_TRUE, &out);
    if (status == CAPAS_OK && options->show_cost == CAPAS_TRUE)
        status = add_costs(model, length, &out);
    if (status == CAPAS_OK) return capas_builder_finish(&out, text);
    capas_release(out.data);
    return status;
}

capas_status capas_summary_with(capas_model *model, const capas_summary_options *given, char **text)
{
    capas_summary_options options;
    *text = NULL;
    CAPAS_TRY(capas_model_check(model));
    capas_layer_copy_options(&options, sizeof options, given);
    return capas_model_keep_failure(model, make_summary(model, &options, text));
}
