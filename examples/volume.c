/* Which of four solids is in a volume full of noise: a small network of Conv3D and MaxPooling3D.
 *
 *     ./volume [EPOCHS]       (default 6)
 *
 * The solids lie anywhere and have several sizes. It says how often it names the right one among
 * volumes it has never seen, and shows a slice through the middle of one of them. */
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 12, CELLS = SIDE * SIDE * SIDE, VOLUMES = 1600, KEPT = 300, SOLIDS = 4 };

static const char *const names[SOLIDS] = {"ball", "cube", "octahedron", "ring"};

/* A number from 0 to 1. */
static float draw(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 24);
}

static float distance(float x)
{
    return x < 0 ? -x : x;
}

/* Whether a solid of this size about the origin has the point. */
static int has(int solid, float size, float x, float y, float z)
{
    float across = x * x + y * y, whole = across + z * z, side = 0.8f * size;
    switch (solid) {
    case 0:
        return whole < size * size;
    case 1:
        return distance(x) < side && distance(y) < side && distance(z) < side;
    case 2:
        return distance(x) + distance(y) + distance(z) < 1.5f * size;
    default: { /* as thick as 0.45 of its size */
        float sum = whole + 0.8f * size * size;
        return sum * sum < 4 * size * size * across;
    }
    }
}

static float volumes[VOLUMES][SIDE][SIDE][SIDE];
static int32_t labels[VOLUMES];

static void draw_volume(int number)
{
    float size = 2.6f + 1.4f * draw(), middle[3];
    labels[number] = (int32_t)(draw() * SOLIDS) % SOLIDS;
    for (int i = 0; i < 3; i++)
        middle[i] = 4.5f + 2 * draw();
    for (int z = 0; z < SIDE; z++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                int inside =
                    has(labels[number],
                        size,
                        (float)x - middle[0],
                        (float)y - middle[1],
                        (float)z - middle[2]);
                volumes[number][z][y][x] = (inside ? 0.5f : 0) + 0.8f * draw() - 0.4f;
            }
}

static capas_dataset *draw_volumes(void)
{
    for (int i = 0; i < VOLUMES; i++)
        draw_volume(i);
    capas_tensor input = {CAPAS_FLOAT32, capas_shape_of(5, VOLUMES, SIDE, SIDE, SIDE, 1), volumes};
    capas_tensor target = {CAPAS_INT32, capas_shape_of(1, VOLUMES), labels};
    return capas_dataset_from_tensors(&input, 1, &target, 1, 0);
}

/* The slice through the middle, and what the network makes of the volume. */
static void show(capas_model *model, int number)
{
    float chance[SOLIDS];
    if (capas_predict(model, &volumes[number][0][0][0], 1, chance) != CAPAS_OK) return;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            float value = volumes[number][SIDE / 2][y][x];
            fputs(value > 0.5f ? "##" : value > 0.2f ? "++" : value > -0.1f ? ". " : "  ", stdout);
        }
        puts("");
    }
    printf("a %s; the network says", names[labels[number]]);
    for (int i = 0; i < SOLIDS; i++)
        printf(" %s %.0f%%%s", names[i], 100 * (double)chance[i], i < SOLIDS - 1 ? "," : "\n");
}

int main(int argc, char **argv)
{
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, SIDE, 1),
        capas_conv3d(8, 3, .activation = CAPAS_RELU),
        capas_max_pooling3d(2),
        capas_conv3d(16, 3, .activation = CAPAS_RELU),
        capas_global_max_pooling3d(),
        capas_dense(SOLIDS, .activation = CAPAS_SOFTMAX));
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = 0.005),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});

    capas_dataset *all = draw_volumes();
    capas_dataset *train = capas_dataset_slice(all, 0, VOLUMES - KEPT);
    capas_dataset *test = capas_dataset_slice(all, VOLUMES - KEPT, KEPT);
    capas_fit(model, train, .epochs = argc > 1 ? atoi(argv[1]) : 6, .verbose = 2);

    capas_evaluation result;
    if (capas_evaluate(model, test, &result) == CAPAS_OK)
        printf(
            "right about %.1f%% of %d volumes it has not seen\n\n",
            100 * capas_evaluation_get(&result, "accuracy"),
            KEPT);
    show(model, VOLUMES - 1);
    capas_status status = capas_model_status(model);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_dataset_free(train);
    capas_dataset_free(test);
    capas_dataset_free(all);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
