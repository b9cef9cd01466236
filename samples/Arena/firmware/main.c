/* What firmware does with the header: one static block, and every tensor at its place in it. */
#include "wakeword.memory.h"

#include <stdint.h>
#include <stdio.h>

static uint8_t arena[WAKEWORD_ARENA_BYTES];

int main(void)
{
    for (unsigned step = 0; step < WAKEWORD_STEP_COUNT; step++) {
        /* Here the kernel for wakeword_schedule[step] runs, on the tensors that are live. */
        size_t live = 0;
        for (unsigned i = 0; i < WAKEWORD_TENSOR_COUNT; i++) {
            const serenity_tensor *tensor = &wakeword_tensors[i];
            if (tensor->first_step <= step && step <= tensor->last_step)
                live++;
        }
        printf("%u %s: %zu tensors live\n", step, wakeword_schedule[step], live);
    }
    return arena[0];
}
