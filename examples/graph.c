/* A network that is no chain: two inputs, layers that both share, two outputs.
 *
 *     ./graph [EPOCHS]       (default 10)
 *
 * It looks at two dice, and says their sum and whether they show the same. */
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAIRS = 6000, KEPT = 1000, DOTS = 9 };

static const char *const faces[6] = {
    "    #    ",
    "#       #",
    "#   #   #",
    "# #   # #",
    "# # # # #",
    "# ## ## #",
};

/* A number from 0 to below - 1. */
static int draw(int below)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (int)((uint64_t)state * (uint64_t)below >> 32);
}

/* One face as nine shades of gray, not quite clean. */
static void draw_face(int face, float *dots)
{
    for (int i = 0; i < DOTS; i++)
        dots[i] = (faces[face][i] == '#' ? 0.7f : 0.0f) + 0.01f * (float)draw(30);
}

static float first[PAIRS][DOTS], second[PAIRS][DOTS];
static int32_t sum[PAIRS], same[PAIRS];

static capas_dataset *throw_dice(void)
{
    for (int i = 0; i < PAIRS; i++) {
        int a = draw(6), b = draw(6);
        draw_face(a, first[i]);
        draw_face(b, second[i]);
        sum[i] = a + b;
        same[i] = a == b;
    }
    capas_tensor inputs[] = {
        {CAPAS_FLOAT32, capas_shape_of(2, PAIRS, DOTS), first},
        {CAPAS_FLOAT32, capas_shape_of(2, PAIRS, DOTS), second},
    };
    capas_tensor targets[] = {
        {CAPAS_INT32, capas_shape_of(1, PAIRS), sum},
        {CAPAS_INT32, capas_shape_of(1, PAIRS), same},
    };
    return capas_dataset_from_tensors(inputs, 2, targets, 2, 0);
}

/* A layer that takes one node. */
static capas_node after(capas_graph *graph, capas_node from, capas_layer *layer)
{
    return capas_graph_apply(graph, layer, &from, 1);
}

static capas_model *build(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node inputs[] = {
        capas_graph_apply(graph, capas_input(DOTS), NULL, 0),
        capas_graph_apply(graph, capas_input(DOTS), NULL, 0),
    };
    /* Two layers read the first die, and again, with the same weights, the second. */
    capas_node looked = after(graph, inputs[0], capas_dense(24, .activation = CAPAS_RELU));
    capas_node read = after(graph, looked, capas_dense(12, .activation = CAPAS_RELU));
    capas_node looked_again = capas_graph_again(graph, looked, &inputs[1], 1);
    capas_node read_again = capas_graph_again(graph, read, &looked_again, 1);

    capas_node both[] = {read, read_again};
    capas_node added = capas_graph_apply(graph, capas_add(), both, 2);
    capas_node thought = after(graph, added, capas_dense(48, .activation = CAPAS_RELU));
    capas_node outputs[] = {
        after(graph, thought, capas_dense(11, .activation = CAPAS_SOFTMAX, .name = "sum")),
        after(graph, thought, capas_dense(2, .activation = CAPAS_SOFTMAX, .name = "same")),
    };
    return capas_functional(graph, "dice", inputs, 2, outputs, 2);
}

int main(int argc, char **argv)
{
    capas_model *model = build();
    /* One loss and one metric stand for both outputs; the sum is harder and counts double. */
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = 0.003),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .loss_weights = {2, 1},
        .metrics = {CAPAS_ACCURACY});

    capas_dataset *dice = throw_dice();
    capas_dataset *train = capas_dataset_slice(dice, 0, PAIRS - KEPT);
    capas_dataset *test = capas_dataset_slice(dice, PAIRS - KEPT, KEPT);
    capas_fit(
        model,
        train,
        .epochs = argc > 1 ? atoi(argv[1]) : 10,
        .validation_data = test,
        .verbose = 2);

    char *table;
    if (capas_summary(model, &table) == CAPAS_OK) {
        fputs(table, stdout);
        capas_free(table);
    }
    capas_status status = capas_model_status(model);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_dataset_free(train);
    capas_dataset_free(test);
    capas_dataset_free(dice);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
