// Runs the battery on kernels that are compiled for the baseline of the architecture alone: what a CPU without AVX runs.
//
//   baseline-kernels FILE       writes the results there as raw floats
#include <stdio.h>

#include "../KernelBattery/battery.c"

int main(int count, char **arguments) {
    if (count != 2) return 64;
    int64_t needed = kernel_battery(NULL, 0);
    float *results = malloc((size_t)needed * sizeof(float));
    if (!results) return 71;
    kernel_battery(results, needed);
    FILE *file = fopen(arguments[1], "wb");
    int whole = file && fwrite(results, sizeof(float), (size_t)needed, file) == (size_t)needed;
    free(results);
    if (!file) return 73;
    return fclose(file) == 0 && whole ? 0 : 74;
}
