/* What each layer costs, for `capas summary --cost`: from the ops that it lowers to, one sample,
 * nothing fused. Training is forward, the weights' gradient and, but for layers right behind an
 * input, the input's gradient. */
#include "model/plan_parts.h"

#include "base/text.h"
#include "model/nested.h"
#include <string.h>

/* Ops bear the name of the layer that they come from, which may be one in a wrapper. */
static void add_flops(const capas_plan *plan, const capas_layer *layer, capas_layer_cost *cost)
{
    for (int i = 0; i < CAPAS_MOST_INNER; i++)
        if (capas_layer_inner(layer, i)) add_flops(plan, capas_layer_inner(layer, i), cost);
    for (size_t i = 0; i < plan->program.op_count; i++) {
        const capas_op *op = &plan->ops[i].op;
        const capas_op_type *type = &capas_op_types[op->kind];
        if (type->flops == NULL || op->label != layer->name) continue;
        int root = capas_program_root(&plan->program, op->inputs[0]);
        bool first = plan->program.buffers[root].producer < 0;
        double flops = type->flops(op) * op->times;
        cost->forward_flops += flops;
        cost->training_flops += flops * (1 + type->backward_flops / (first ? 2 : 1));
    }
}

/* Of a layer, or of one within it when it is a model. */
typedef struct costing {
    const capas_plan *plan;
    capas_layer_cost *cost;
} costing;

static capas_status add_leaf(void *context, const capas_model *within, capas_layer *layer)
{
    const costing *costing = context;
    (void)within;
    add_flops(costing->plan, layer, costing->cost);
    for (int i = 0; i < layer->weight_count; i++)
        costing->cost->weight_bytes +=
            capas_shape_count(&layer->weights[i].shape, 0) * (int64_t)sizeof(float);
    return CAPAS_OK;
}

capas_status capas_model_layer_cost(capas_model *model, int layer, capas_layer_cost *cost)
{
    *cost = (capas_layer_cost){0};
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = 1;
    options.no_fusion = true;
    capas_plan *plan;
    CAPAS_TRY(capas_model_plan(model, &options, &plan));
    costing costing = {plan, cost};
    CAPAS_TRY(capas_nested_leaves(model, model->layers[layer], add_leaf, &costing));
    for (int i = 0; i < model->use_count; i++)
        if (model->uses[i].layer == layer)
            cost->output_bytes += capas_shape_count(&model->uses[i].output, 1) *
                                  capas_element_size(model->uses[i].element);
    return CAPAS_OK;
}
