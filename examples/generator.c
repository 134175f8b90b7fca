/* Training from a function that makes the samples while the network learns.
 *
 *     ./generator [EPOCHS]       (default 5)
 *
 * Points of a square: the network learns which of them lie in a ring, and draws what it learned. */
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

/* What the function remembers between two calls. */
struct points {
    uint32_t state;   /* of the random numbers */
    int64_t an_epoch; /* points that an epoch has */
    int64_t given;    /* in this epoch */
};

/* The next random number between -1 and 1. */
static float draw(struct points *points)
{
    points->state = points->state * 1664525u + 1013904223u;
    return (float)(points->state >> 8) / (1 << 23) - 1;
}

static int is_inside(float x, float y)
{
    float squared = x * x + y * y;
    return squared > 0.25f && squared < 0.8f;
}

/* Called by capas for up to n points; 0 ends the epoch. The same epoch gives the same points. */
static int64_t give_points(
    void *context, int restart, int epoch, int64_t n, void *const *inputs, void *const *targets)
{
    struct points *points = context;
    float *place = inputs[0];
    int32_t *inside = targets[0];
    if (restart) {
        points->state = (uint32_t)epoch + 1;
        points->given = 0;
    }
    if (n > points->an_epoch - points->given) n = points->an_epoch - points->given;
    for (int64_t i = 0; i < n; i++) {
        place[2 * i] = draw(points);
        place[2 * i + 1] = draw(points);
        inside[i] = is_inside(place[2 * i], place[2 * i + 1]);
    }
    points->given += n;
    return n;
}

/* The square as the network sees it. */
static void draw_map(capas_model *model)
{
    enum { ROWS = 17, COLUMNS = 35 };
    float places[ROWS * COLUMNS][2], answers[ROWS * COLUMNS][2];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        places[i][0] = (float)(i % COLUMNS) * 2 / (COLUMNS - 1) - 1;
        places[i][1] = 1 - (float)(i / COLUMNS) * 2 / (ROWS - 1);
    }
    if (capas_predict(model, &places[0][0], ROWS * COLUMNS, &answers[0][0]) != CAPAS_OK) return;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        printf("%c%s", answers[i][1] > 0.5f ? '#' : '.', i % COLUMNS == COLUMNS - 1 ? "\n" : "");
}

int main(int argc, char **argv)
{
    capas_model *model = capas_sequential(
        capas_input(2),
        capas_dense(32, .activation = CAPAS_RELU),
        capas_dense(32, .activation = CAPAS_RELU),
        capas_dense(2, .activation = CAPAS_SOFTMAX));
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = 0.01),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});

    /* A sample is two float32 numbers and an int32 label; nobody need know how many there are. */
    struct points points = {.an_epoch = 12800};
    capas_dataset_spec spec = {
        .input_count = 1,
        .input_shapes = {capas_shape_of(1, 2)},
        .input_elements = {CAPAS_FLOAT32},
        .target_count = 1,
        .target_shapes = {capas_shape_of(0)},
        .target_elements = {CAPAS_INT32},
        .count = CAPAS_ANY,
    };
    capas_dataset *train = capas_dataset_from_function(&spec, give_points, &points);
    capas_fit(model, train, .epochs = argc > 1 ? atoi(argv[1]) : 5, .verbose = 2);
    draw_map(model);

    capas_status status = capas_model_status(model);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_dataset_free(train);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
