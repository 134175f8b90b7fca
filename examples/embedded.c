/* A program with its network inside: no file is opened, and no library needed but libc and libm.
 * docs/embedding.md shows how digits.c is made, and how the two are linked with libcapas-predict.a.
 *
 * A picture comes as bytes on standard input, as many as the network takes; its answer, a number
 * for each class, goes to standard output. */
#include <capas/flat.h>
#include <stdio.h>
#include <stdlib.h>

extern const capas_flat digits;

static int fail(void)
{
    fprintf(stderr, "embedded: %s\n", capas_error());
    return EXIT_FAILURE;
}

static size_t count_of(capas_shape *shape)
{
    size_t count = 1;
    shape->dims[0] = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dims[i];
    return count;
}

static int predict(capas_model *model, capas_tensor *picture, capas_tensor *answer)
{
    size_t pixels = count_of(&picture->shape), classes = count_of(&answer->shape);
    picture->data = malloc(pixels);
    answer->data = malloc(classes * sizeof(float));
    if (!picture->data || !answer->data) return EXIT_FAILURE;
    if (fread(picture->data, 1, pixels, stdin) != pixels) {
        fprintf(stderr, "embedded: a picture has %zu bytes\n", pixels);
        return EXIT_FAILURE;
    }
    if (capas_predict_tensors(model, picture, answer, 1) != CAPAS_OK) return fail();

    int known;
    const char *const *names = capas_model_class_names(model, &known);
    const float *shares = answer->data;
    for (size_t i = 0; i < classes; i++)
        if (i < (size_t)known)
            printf("%s %.9g\n", names[i], shares[i]);
        else
            printf("%zu %.9g\n", i, shares[i]);
    return EXIT_SUCCESS;
}

int main(void)
{
    capas_tensor picture = {.element = CAPAS_UINT8}, answer = {.element = CAPAS_FLOAT32};
    capas_model *model = capas_model_from_flat(&digits);
    if (!model || capas_model_input_shape(model, 0, &picture.shape) != CAPAS_OK ||
        capas_model_output_shape(model, 0, &answer.shape) != CAPAS_OK)
        return fail();
    int status = predict(model, &picture, &answer);
    free(picture.data);
    free(answer.data);
    capas_model_free(model);
    return status;
}
