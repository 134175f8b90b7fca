/* Transfer learning: what a network has learned of many pictures helps it with few of another kind.
 *
 *     ./transfer [EPOCHS]       (default 12)
 *
 * A small network learns to tell six shapes apart, of which there are 3000 pictures. Its features,
 * frozen, get a new head for four other shapes, of which there are ten pictures each; then all of
 * it is trained a little more. A network that begins with nothing and sees the same forty pictures
 * is shown beside it.
 *
 * The same with a network that others have trained, and pictures in a folder for each class:
 *
 *     capas_model *body = capas_mobilenet_v2(.include_top = CAPAS_FALSE,
 *                                            .pooling = CAPAS_POOLING_AVG);
 *     capas_load_weights(body,
 *                        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5");
 *     capas_dataset *few = capas_dataset_from_folder("photos", .height = 224, .width = 224,
 *                                                    .element = CAPAS_UINT8);
 */
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE * 3, OLD = 6, NEW = 4, MANY = 3000, FEW = 40, TESTED = 800 };

enum { DISC, SQUARE, TRIANGLE, RING, PLUS, BARS, ELL, CRESCENT, TEE, HOURGLASS };

static uint32_t state = 1;

/* A number from low to high. */
static double draw(double low, double high)
{
    state = state * 1664525u + 1013904223u;
    return low + (high - low) * state / 4294967296.0;
}

/* Whether a place, -1 to 1 each way, is within a shape. */
static int is_inside(int shape, double x, double y)
{
    double radius = hypot(x, y), wide = fabs(x), high = fabs(y);
    switch (shape) {
    case DISC:
        return radius < 1;
    case SQUARE:
        return wide < 0.85 && high < 0.85;
    case TRIANGLE:
        return y < 0.8 && wide < 0.5 * (y + 1);
    case RING:
        return radius < 1 && radius > 0.6;
    case PLUS:
        return (wide < 0.3 && high < 1) || (high < 0.3 && wide < 1);
    case BARS:
        return high < 0.9 && wide < 0.9 && wide > 0.4;
    case ELL:
        return (x > -0.9 && x < -0.3 && high < 0.9) || (wide < 0.9 && y > 0.3 && y < 0.9);
    case CRESCENT:
        return radius < 1 && hypot(x - 0.5, y) > 0.8;
    case TEE:
        return (wide < 0.9 && y > -0.9 && y < -0.3) || (wide < 0.3 && high < 0.9);
    default:
        return high < 0.9 && wide < 0.15 + 0.8 * high;
    }
}

/* In any colours, somewhere, turned a little. */
static void draw_picture(int shape, uint8_t *picture)
{
    double colours[2][3], angle = draw(-0.4, 0.4), size = draw(7, 12);
    double middle_x = draw(12, 20), middle_y = draw(12, 20);
    for (int c = 0; c < 3; c++) {
        colours[0][c] = draw(0, 235);
        colours[1][c] = fmod(colours[0][c] + draw(70, 165), 235);
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        double x = (i % SIDE - middle_x) / size, y = (i / SIDE - middle_y) / size;
        int inside =
            is_inside(shape, x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle));
        for (int c = 0; c < 3; c++)
            picture[i * 3 + c] = (uint8_t)(colours[inside][c] + draw(0, 20));
    }
}

/* `count` pictures of shapes from number `first` on, `classes` of them in turn. */
static capas_dataset *draw_pictures(int count, int first, int classes)
{
    uint8_t *pictures = malloc((size_t)count * PIXELS);
    int32_t *labels = malloc((size_t)count * sizeof *labels);
    capas_dataset *set = NULL;
    for (int i = 0; pictures && labels && i < count; i++) {
        labels[i] = i % classes;
        draw_picture(first + labels[i], pictures + (size_t)i * PIXELS);
    }
    if (pictures && labels)
        set = capas_dataset_from_arrays(
            (capas_tensor){CAPAS_UINT8, capas_shape_of(4, count, SIDE, SIDE, 3), pictures},
            (capas_tensor){CAPAS_INT32, capas_shape_of(1, count), labels},
            1);
    free(pictures);
    free(labels);
    return set;
}

/* What sees: pictures become 64 features. */
static capas_model *make_body(void)
{
    capas_preprocessing bytes;
    capas_model *body = capas_sequential(
        capas_input(SIDE, SIDE, 3),
        capas_conv2d(16, 3, .activation = CAPAS_RELU),
        capas_max_pooling2d(2),
        capas_conv2d(32, 3, .activation = CAPAS_RELU),
        capas_max_pooling2d(2),
        capas_conv2d(64, 3, .activation = CAPAS_RELU),
        capas_global_max_pooling2d());
    capas_preprocessing_by_name("tf", &bytes); /* -1 to 1 */
    if (body) capas_model_set_preprocessing(body, &bytes);
    return body;
}

/* A body, which is taken over, with a head for so many classes. */
static capas_model *with_head(capas_model *body, int classes)
{
    capas_preprocessing bytes = {0};
    if (!body) return NULL;
    capas_model_preprocessing(body, &bytes);
    capas_model_set_name(body, "body");
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, 3),
        capas_nested(body),
        capas_dense(classes, .activation = CAPAS_SOFTMAX, .name = "head"));
    if (model) capas_model_set_preprocessing(model, &bytes);
    return model;
}

static double train(
    capas_model *model, capas_dataset *data, capas_dataset *test, int epochs, int batch_size,
    double rate)
{
    capas_evaluation evaluation;
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = rate),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});
    capas_fit(model, data, .epochs = epochs, .batch_size = batch_size);
    if (capas_evaluate(model, test, &evaluation) != CAPAS_OK) {
        fprintf(stderr, "%s\n", capas_error());
        exit(1);
    }
    return 100 * capas_evaluation_get(&evaluation, "accuracy");
}

int main(int argc, char **argv)
{
    int epochs = argc > 1 ? atoi(argv[1]) : 12;
    capas_dataset *many = draw_pictures(MANY, DISC, OLD), *test = draw_pictures(TESTED, DISC, OLD);
    capas_dataset *few = draw_pictures(FEW, ELL, NEW), *new_test = draw_pictures(TESTED, ELL, NEW);

    capas_model *first = with_head(make_body(), OLD);
    printf(
        "%d pictures of %d shapes:       %5.1f %%\n",
        MANY,
        OLD,
        train(first, many, test, epochs, 32, 0.002));

    capas_model *alone = with_head(make_body(), NEW);
    printf(
        "%d of %d others, from nothing:    %5.1f %%\n",
        FEW,
        NEW,
        train(alone, few, new_test, 5 * epochs, 8, 0.002));

    /* The trained body is a model of its own again, with a copy of its weights. */
    capas_model *model = with_head(capas_model_until(first, "body"), NEW);
    capas_model_set_trainable(model, "body", 0);
    printf(
        "the same with the body, frozen:  %5.1f %%\n",
        train(model, few, new_test, 5 * epochs, 8, 0.01));
    capas_model_set_trainable(model, "body", 1);
    printf(
        "and all of it trained on:        %5.1f %%\n",
        train(model, few, new_test, 2 * epochs, 8, 0.0005));

    capas_status status = capas_save(model, "transfer.keras");
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_model_free(first);
    capas_model_free(alone);
    capas_model_free(model);
    capas_dataset_free(many);
    capas_dataset_free(test);
    capas_dataset_free(few);
    capas_dataset_free(new_test);
    return status != CAPAS_OK;
}
