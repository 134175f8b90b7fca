/* For embedded.sh: writes a model as the first file and a picture's bytes as the second, and prints
 * what the model says of it, a line for each class, with the whole library. */
#include <capas/capas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 20, CHANNELS = 3, CLASSES = 5 };

/* Convolutions of several kinds, normalisation, a transposed one, and a recurrent layer over the
 * rows. */
static capas_model *make_model(void)
{
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, CHANNELS), capas_conv2d(16, 3, .padding = CAPAS_SAME),
        capas_batch_normalization(), capas_activation_layer(CAPAS_RELU),
        capas_depthwise_conv2d(3, .activation = CAPAS_RELU), capas_max_pooling2d(2),
        capas_conv2d_transpose(8, 3, .strides = {2, 2}, .activation = CAPAS_RELU),
        capas_reshape(19, 19 * 8), capas_lstm(12),
        capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
    const char *const names[CLASSES] = {"zero", "one", "two", "three", "four"};
    capas_preprocessing preprocessing;
    capas_model_preprocessing(model, &preprocessing);
    preprocessing.scale = 1 / 255.0;
    preprocessing.offset = 0;
    capas_model_set_preprocessing(model, &preprocessing);
    capas_model_set_class_names(model, names, CLASSES);
    return model;
}

int main(int count, char **arguments)
{
    unsigned char picture[SIDE * SIDE * CHANNELS];
    float answer[CLASSES];
    if (count != 3) return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (unsigned char)(i * i * 31 % 253);
    FILE *file = fopen(arguments[2], "wb");
    if (!file) return EXIT_FAILURE;
    bool written = fwrite(picture, 1, sizeof picture, file) == sizeof picture;
    if (fclose(file) != 0 || !written) return EXIT_FAILURE;

    capas_model *model = make_model();
    capas_tensor in = {.element = CAPAS_UINT8, .data = picture}, out = {.data = answer};
    capas_status status = capas_predict_tensors(model, &in, &out, 1);
    if (status == CAPAS_OK) status = capas_save(model, arguments[1]);
    int known;
    const char *const *names = capas_model_class_names(model, &known);
    for (int i = 0; status == CAPAS_OK && i < known; i++)
        printf("%s %.9g\n", names[i], answer[i]);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
