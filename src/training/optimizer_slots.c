/* What an optimizer remembers beside the weights: the slots of its rule, a moving average of the
 * weights and a sum of gradients where these are asked for, and the order in which Keras's files
 * hold all of it (keras-semantics 4.1, 4.2). */
#include "base/text.h"
#include "training/optimizer.h"

static const capas_sgd_options *common_of(const capas_optimizer *optimizer)
{
    return &optimizer->options.sgd; /* the first fields of all */
}

static int rule_slots(const capas_optimizer *optimizer)
{
    return capas_optimizer_type_of(optimizer)->slots(optimizer);
}

static bool accumulates(const capas_optimizer *optimizer)
{
    return common_of(optimizer)->gradient_accumulation_steps != CAPAS_NONE;
}

int capas_optimizer_slots(const capas_optimizer *optimizer)
{
    return rule_slots(optimizer) + (common_of(optimizer)->use_ema != 0) + accumulates(optimizer);
}

int capas_optimizer_average_slot(const capas_trainer *trainer)
{
    return common_of(&trainer->optimizer)->use_ema ? rule_slots(&trainer->optimizer) : -1;
}

int capas_optimizer_accumulator_slot(const capas_trainer *trainer)
{
    return accumulates(&trainer->optimizer) ? trainer->slot_count - 1 : -1;
}

double capas_optimizer_initial(const capas_optimizer *optimizer, int slot)
{
    const capas_optimizer_type *type = capas_optimizer_type_of(optimizer);
    return slot == 0 && type->initial ? type->initial(optimizer) : 0;
}

capas_shape capas_optimizer_slot_shape(const capas_trainer *trainer, const capas_weight *weight,
                                       int slot)
{
    const capas_optimizer_type *type = capas_optimizer_type_of(&trainer->optimizer);
    capas_shape shape = weight->shape;
    if (type->slot_shape && slot < rule_slots(&trainer->optimizer))
        type->slot_shape(&weight->shape, slot, &shape);
    return shape;
}

int64_t capas_optimizer_updates(const capas_trainer *trainer)
{
    const capas_optimizer *optimizer = &trainer->optimizer;
    return accumulates(optimizer)
               ? trainer->iteration / common_of(optimizer)->gradient_accumulation_steps
               : trainer->iteration;
}

bool capas_optimizer_product(const capas_trainer *trainer, double *product)
{
    const capas_optimizer_type *type = capas_optimizer_type_of(&trainer->optimizer);
    if (!type->product) return false;
    *product = type->product(&trainer->optimizer, capas_optimizer_updates(trainer));
    return true;
}

/* Weight number `number` among those that are trained; -1 past the last. */
static int trained_weight(const capas_model *model, int number)
{
    for (int w = 0; w < model->weight_count; w++)
        if (model->weights[w].gradient_offset >= 0 && number-- == 0) return w;
    return -1;
}

static int trained_count(const capas_model *model)
{
    int count = 0;
    for (int w = 0; w < model->weight_count; w++)
        count += model->weights[w].gradient_offset >= 0;
    return count;
}

/* Averages, then sums of gradients, then the rule's own: the paired ones weight by weight. */
bool capas_optimizer_variable(const capas_model *model, int i, int *weight, int *slot)
{
    const capas_trainer *trainer = model->trainer;
    if (!trainer || i < 0) return false;
    int trained = trained_count(model), own = rule_slots(&trainer->optimizer);
    int paired = capas_optimizer_type_of(&trainer->optimizer)->paired;
    if (paired > own) paired = own;
    if (trained == 0 || i >= trained * trainer->slot_count) return false;
    int extra = trainer->slot_count - own;
    if (i < trained * extra) {
        *weight = trained_weight(model, i % trained);
        *slot = own + i / trained;
        return true;
    }
    i -= trained * extra;
    if (i < trained * paired) {
        *weight = trained_weight(model, i / paired);
        *slot = i % paired;
    } else {
        *weight = trained_weight(model, i % trained);
        *slot = i / trained;
    }
    return true;
}

void capas_optimizer_built(capas_model *model)
{
    capas_trainer *trainer = model->trainer;
    if (trainer->slots_ready) return;
    trainer->slots_ready = true;
    int64_t count = capas_optimizer_has_schedule(trainer) ? 1 : 2; /* iteration, learning rate */
    int weight, slot;
    double product;
    for (int i = 0; capas_optimizer_variable(model, i, &weight, &slot); i++) {
        const capas_shape shape =
            capas_optimizer_slot_shape(trainer, model->weights[weight].weight, slot);
        count += capas_shape_count(&shape, 0);
    }
    model->optimizer_variable_count = count + capas_optimizer_product(trainer, &product);
}
