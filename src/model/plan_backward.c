/* The link to the backward halves of the operations. Training calls capas_enable_training, and so
 * brings this file and the backward ops into the program; what only predicts does not. */
#include "model/plan_parts.h"

void capas_enable_training(void)
{
    capas_set_backward_table(capas_op_backwards);
}
