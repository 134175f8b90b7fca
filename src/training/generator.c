/* A data set whose samples come from the user's function. It is asked for whole batches and may
 * give less; there is no shuffling (the function's own matter), and going on in the middle of an
 * epoch means drawing the samples before and throwing them away. */
#include "base/memory.h"
#include "training/dataset.h"

typedef struct generator_dataset {
    capas_dataset base;
    capas_generate_function *function;
    void *context;
    bool restart; /* the next call begins the epoch */
    bool ended;   /* the function said that the epoch is over */
    int epoch;
    int64_t skip;  /* samples to throw away before the next batch */
    int64_t given; /* in this epoch */
} generator_dataset;

static capas_status seek_generator(capas_dataset *dataset, const capas_dataset_place *place)
{
    generator_dataset *set = (generator_dataset *)dataset;
    set->restart = true;
    set->ended = false;
    set->epoch = place->epoch;
    set->skip = place->index;
    set->given = 0;
    return CAPAS_OK;
}

/* One call of the function, for up to n samples behind `filled` ones; *got of them came. */
static capas_status call(generator_dataset *set, capas_batch *batch, int64_t filled, int64_t n,
                         int64_t *got)
{
    const capas_dataset_spec *spec = &set->base.spec;
    void *inputs[CAPAS_DATASET_TENSORS] = {0}, *targets[2 * CAPAS_DATASET_TENSORS] = {0};
    for (int i = 0; i < spec->input_count; i++)
        inputs[i] =
            (char *)batch->inputs[i] +
            (size_t)filled * capas_sample_size(&spec->input_shapes[i], spec->input_elements[i]);
    for (int i = 0; i < spec->target_count; i++)
        targets[i] =
            (char *)batch->targets[i] +
            (size_t)filled * capas_sample_size(&spec->target_shapes[i], spec->target_elements[i]);
    for (int i = 0; i < spec->target_count; i++)
        if (spec->weighted[i])
            targets[spec->target_count + i] =
                (char *)batch->weights[i] + (size_t)filled * capas_weight_size(spec, i);
    *got = set->function(set->context, set->restart, set->epoch, n, inputs, targets);
    set->restart = false;
    if (*got < 0)
        return capas_fail(CAPAS_BAD_DATA,
                          "data set: the generator's function reported an error (%lld) after %lld "
                          "samples of epoch %d",
                          (long long)*got, (long long)set->given, set->epoch + 1);
    if (*got > n)
        return capas_fail(
            CAPAS_BAD_DATA,
            "data set: the generator's function was asked for %lld samples and says it "
            "gave %lld",
            (long long)n, (long long)*got);
    set->given += *got;
    set->ended = *got == 0;
    return CAPAS_OK;
}

/* Calls until there are n samples or the epoch ends. */
static capas_status fill(generator_dataset *set, capas_batch *batch, int64_t n, int64_t *filled)
{
    *filled = 0;
    while (*filled < n && !set->ended) {
        int64_t got;
        CAPAS_TRY(call(set, batch, *filled, n - *filled, &got));
        *filled += got;
    }
    return CAPAS_OK;
}

static capas_status next_generator(capas_dataset *dataset, capas_batch *batch)
{
    generator_dataset *set = (generator_dataset *)dataset;
    int64_t filled;
    while (set->skip > 0 && !set->ended) {
        CAPAS_TRY(
            fill(set, batch, set->skip < batch->capacity ? set->skip : batch->capacity, &filled));
        set->skip -= filled;
    }
    CAPAS_TRY(fill(set, batch, batch->capacity, &filled));
    batch->count = filled;
    return CAPAS_OK;
}

static void free_generator(capas_dataset *dataset)
{
    capas_release(dataset);
}

static const capas_dataset_type generator_type = {
    .seek = seek_generator,
    .next = next_generator,
    .free = free_generator,
};

capas_dataset *capas_dataset_from_function(const capas_dataset_spec *spec,
                                           capas_generate_function *function, void *context)
{
    if (!spec || !function) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "data set: a generator needs a spec and a function");
        return NULL;
    }
    if (capas_dataset_check_spec(spec) != CAPAS_OK) return NULL;
    generator_dataset *set = capas_allocate_zeroed(1, sizeof *set);
    if (!set) return NULL;
    capas_dataset_init(&set->base, &generator_type, spec);
    set->function = function;
    set->context = context;
    set->restart = true;
    return &set->base;
}
