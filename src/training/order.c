/* The order of an epoch; see order.h. */
#include "training/order.h"
#include "base/memory.h"
#include "kernels/fill.h"

capas_status capas_order_draw(capas_order *order, const capas_dataset_place *place, int64_t count)
{
    if (order->known && order->epoch == place->epoch && order->seed == place->seed) return CAPAS_OK;
    if (!order->order) order->order = capas_allocate((size_t)count, sizeof *order->order);
    if (!order->order) return CAPAS_NO_MEMORY;
    capas_random random = {place->seed, CAPAS_STREAM_SHUFFLE, (uint32_t)place->epoch};
    capas_fill_permutation(order->order, count, random);
    order->known = true;
    order->epoch = place->epoch;
    order->seed = place->seed;
    return CAPAS_OK;
}

capas_status capas_check_place(const capas_dataset_place *place, int64_t count)
{
    if (place->index >= 0 && place->index <= count) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "data set: sample %lld is not in a set of %lld",
                      (long long)place->index, (long long)count);
}
