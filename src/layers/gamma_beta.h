/* Rows of the option tables of layers that scale by gamma and shift by beta, in Keras's order;
 * FIELD is the table's. */
#ifndef CAPAS_LAYERS_GAMMA_BETA_H
#define CAPAS_LAYERS_GAMMA_BETA_H

#include "layers/layer.h"

#define CAPAS_GAMMA_BETA_ROWS                                                                      \
    {"center", &capas_option_bool, FIELD(center), 1, .help = "whether beta is added"},             \
        {"scale", &capas_option_bool, FIELD(scale), 1, .help = "whether gamma multiplies"},        \
        {"beta_initializer", &capas_option_initializer, FIELD(beta_initializer),                   \
         CAPAS_INITIALIZER_ZEROS, .help = "how beta starts"},                                      \
        {"gamma_initializer", &capas_option_initializer, FIELD(gamma_initializer),                 \
         CAPAS_INITIALIZER_ONES, .help = "how gamma starts"},                                      \
        {"beta_regularizer", &capas_option_regularizer, FIELD(beta_regularizer), .nullable = true, \
         .help = "a penalty on beta"},                                                             \
        {"gamma_regularizer", &capas_option_regularizer, FIELD(gamma_regularizer),                 \
         .nullable = true, .help = "a penalty on gamma"},                                          \
        {"beta_constraint", &capas_option_weight_constraint, FIELD(beta_constraint),               \
         .nullable = true, .help = "what beta is held to"},                                        \
    {                                                                                              \
        "gamma_constraint", &capas_option_weight_constraint, FIELD(gamma_constraint),              \
            .nullable = true, .help = "what gamma is held to"                                      \
    }

#endif
