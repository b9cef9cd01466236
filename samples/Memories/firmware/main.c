/* What firmware does with the header of a plan over several memories: a block in each, copies before the steps that they are for, and every tensor at its place. */
#include "wakeword.memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The linker script knows these sections: __attribute__((section(".dtcm"))) and the like. Weights stay in flash. */
static uint8_t dtcm[WAKEWORD_DTCM_BYTES + 1];
static uint8_t sram[WAKEWORD_SRAM_BYTES + 1];

static uint8_t *at(unsigned memory, size_t offset)
{
    return memory == WAKEWORD_DTCM ? dtcm + offset : sram + offset;
}

int main(void)
{
    for (unsigned step = 0; step < WAKEWORD_STEP_COUNT; step++) {
#if WAKEWORD_MOVE_COUNT > 0
        for (unsigned i = 0; i < WAKEWORD_MOVE_COUNT; i++) {
            const serenity_move *move = &wakeword_moves[i];
            if (move->step == step)
                memcpy(at(move->to_memory, move->to_offset), at(move->from_memory, move->from_offset), move->bytes);
        }
#endif
        /* Here the kernel for wakeword_schedule[step] runs, on the tensors that are live. */
        size_t near_core = 0, live = 0;
        for (unsigned i = 0; i < WAKEWORD_TENSOR_COUNT; i++) {
            const serenity_placed_tensor *tensor = &wakeword_tensors[i];
            if (tensor->first_step <= step && step <= tensor->last_step) {
                live++;
                near_core += tensor->memory == WAKEWORD_DTCM;
            }
        }
        printf("%u %s: %zu tensors live, %zu of them beside the core\n", step, wakeword_schedule[step], live, near_core);
    }
    return 0;
}
