/* Networks by name, as keras.applications has them: the same layers, names, configurations and
 * numbers of weights. Their weights are drawn; capas_load_weights (capas/files.h) takes Keras's.
 * They know what bytes become and, with 1000 classes, the names of ImageNet's. */
#ifndef CAPAS_APPLICATIONS_H
#define CAPAS_APPLICATIONS_H

#include <capas/model.h>

CAPAS_BEGIN

/* What stands behind the last maps when the top is left out. */
typedef enum capas_application_pooling {
    CAPAS_POOLING_NONE,
    CAPAS_POOLING_AVG,
    CAPAS_POOLING_MAX,
} capas_application_pooling;

typedef struct capas_application_options {
    size_t struct_size;
    const char *name;                       /* default: Keras's, "resnet50" */
    int include_top;                        /* the classes; default: true */
    capas_shape input_shape;                /* without the batch; default: 224, 224, 3; at least 32
                                               high and wide without the top */
    capas_application_pooling pooling;      /* without the top; default: none */
    int classes;                            /* default: 1000 */
    capas_activation classifier_activation; /* default: softmax */
    double alpha;         /* MobileNet, MobileNetV2: the width, as a share; default: 1 */
    int depth_multiplier; /* MobileNet; default: 1 */
    double dropout;       /* MobileNet; default: 0.001 */
} capas_application_options;

/* By name, as "resnet50" or "MobileNetV2" (case and "_" do not matter):
 *
 *     ResNet50, ResNet101, ResNet152      residual blocks, which stride in the 1x1; 25,636,712
 *                                         weights, 44,707,176 and 60,419,944
 *     VGG16, VGG19                        138,357,544 and 143,667,240
 *     MobileNet, MobileNetV2              depthwise convolutions; 4,253,864 and 3,538,984
 *     DenseNet121, DenseNet169, DenseNet201    8,062,504, 14,307,880 and 20,242,984
 *     EfficientNetB0                      bytes go in, it scales them itself; 5,330,571
 *     EfficientNetLite0                   the same for small machines; 4,694,024
 *     SqueezeNet                          version 1.1, without dense layers; 1,235,496
 *
 * Bytes become what keras.applications' preprocess_input makes of them (capas_model_preprocessing):
 * "caffe" for ResNet and VGG, "tf" for MobileNets, "torch" for DenseNet and SqueezeNet. NULL on
 * failure; an unknown name is CAPAS_UNKNOWN_NAME. */
CAPAS_API capas_model *capas_application_with(const char *application,
                                              const capas_application_options *options);
#define capas_application(application, ...)                                                        \
    capas_application_with((application),                                                          \
                           &(capas_application_options){                                           \
                               .struct_size = sizeof(capas_application_options), __VA_ARGS__})

/* The name of number `index`, from 0; NULL past the last. */
CAPAS_API const char *capas_application_name(int index);

/* How bytes become a network's input, by keras.applications' words; statistics are unknown:
 *
 *     "caffe"     blue, green, red, less 103.939, 116.779 and 123.68
 *     "tf"        -1 to 1
 *     "torch"     0 to 1, less the mean and over the deviation of ImageNet's colours
 *     "lite"      less 127, over 128: EfficientNetLite0
 *     "none"      as they are
 *
 * CAPAS_UNKNOWN_NAME when it is none of them. */
CAPAS_API capas_status capas_preprocessing_by_name(const char *name,
                                                   capas_preprocessing *preprocessing);

/* ImageNet's class number `number`, from 0, as keras.applications' decode_predictions has it: 211
 * is "n02100583" in WordNet and "vizsla". NULL past the last. */
CAPAS_API const char *capas_imagenet_id(int number);
CAPAS_API const char *capas_imagenet_name(int number);

#define capas_resnet50(...)           capas_application("resnet50", __VA_ARGS__)
#define capas_resnet101(...)          capas_application("resnet101", __VA_ARGS__)
#define capas_resnet152(...)          capas_application("resnet152", __VA_ARGS__)
#define capas_vgg16(...)              capas_application("vgg16", __VA_ARGS__)
#define capas_vgg19(...)              capas_application("vgg19", __VA_ARGS__)
#define capas_mobilenet(...)          capas_application("mobilenet", __VA_ARGS__)
#define capas_mobilenet_v2(...)       capas_application("mobilenetv2", __VA_ARGS__)
#define capas_densenet121(...)        capas_application("densenet121", __VA_ARGS__)
#define capas_densenet169(...)        capas_application("densenet169", __VA_ARGS__)
#define capas_densenet201(...)        capas_application("densenet201", __VA_ARGS__)
#define capas_squeezenet(...)         capas_application("squeezenet", __VA_ARGS__)
#define capas_efficientnet_b0(...)    capas_application("efficientnetb0", __VA_ARGS__)
#define capas_efficientnet_lite0(...) capas_application("efficientnetlite0", __VA_ARGS__)

CAPAS_END

#endif
