#include "COneDNN.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "COneDNN is written for oneDNN 2.x (Debian 12 ships 2.6.3); its C API changed in 3.0"
#endif

// One primitive, with the reorders that carry its operands between the dense layouts of the engine and those that the
// primitive asked for. An operand whose layout already fits has no reorder and is used in place.
enum { SLOT_SRC, SLOT_WEIGHTS, SLOT_DST, SLOTS };

typedef struct {
    dnnl_primitive_t primitive;
    dnnl_primitive_t reorder[SLOTS];
    dnnl_memory_t dense[SLOTS];  // caller's pointer is set before each call
    dnnl_memory_t packed[SLOTS]; // workspace pointer is set before each call; equals dense where no reorder is needed
    size_t packed_bytes[SLOTS];
    int output; // which slot is written
    dnnl_memory_t bias;
    dnnl_memory_t scratchpad;
    size_t scratchpad_bytes;
} operation;

struct refine_conv {
    operation forward, backward_data, backward_weights;
    int training, has_bias_forward;
    operation forward_without_bias;
    char implementation[64];
};

static dnnl_engine_t engine;
static dnnl_stream_t stream;

// Grows until it is released; one buffer for each slot and one for the scratchpad. The engine is used from one thread.
static void *workspace[SLOTS + 1];
static size_t workspace_bytes[SLOTS + 1];

static int reserve(int slot, size_t bytes) {
    if (bytes <= workspace_bytes[slot]) return 0;
    free(workspace[slot]);
    workspace[slot] = NULL;
    workspace_bytes[slot] = 0;
    size_t rounded = (bytes + 4095) & ~(size_t)4095;
    if (posix_memalign(&workspace[slot], 64, rounded) != 0) return dnnl_out_of_memory;
    workspace_bytes[slot] = rounded;
    return 0;
}

void refine_conv_release_workspace(void) {
    for (int slot = 0; slot <= SLOTS; slot++) {
        free(workspace[slot]);
        workspace[slot] = NULL;
        workspace_bytes[slot] = 0;
    }
}

static int start(void) {
    if (engine) return 0;
    int status = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (status) return status;
    return dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
}

#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        int try_status = (expression);                                                                                 \
        if (try_status) return try_status;                                                                             \
    } while (0)

static int attach(operation *op, int slot, const dnnl_memory_desc_t *dense, const dnnl_memory_desc_t *packed) {
    TRY(dnnl_memory_create(&op->dense[slot], dense, engine, DNNL_MEMORY_NONE));
    if (dnnl_memory_desc_equal(dense, packed)) {
        op->packed[slot] = op->dense[slot];
        return 0;
    }
    TRY(dnnl_memory_create(&op->packed[slot], packed, engine, DNNL_MEMORY_NONE));
    op->packed_bytes[slot] = dnnl_memory_desc_get_size(packed);
    dnnl_primitive_desc_t description;
    int output = op->output == slot;
    TRY(dnnl_reorder_primitive_desc_create(&description, output ? packed : dense, engine, output ? dense : packed,
                                           engine, NULL));
    int status = dnnl_primitive_create(&op->reorder[slot], description);
    dnnl_primitive_desc_destroy(description);
    return status;
}

typedef struct {
    dnnl_memory_desc_t src, weights, dst, bias;           // dense
    dnnl_memory_desc_t any_src, any_weights, any_dst;     // layout left to the library
    dnnl_dims_t strides, padding_low, padding_high;
} layouts;

static int64_t output_extent(int64_t input, int64_t kernel, int64_t stride, int64_t padding) {
    return (input + 2 * padding - kernel) / stride + 1;
}

static int describe(const refine_conv_shape *s, layouts *l) {
    int64_t oh = output_extent(s->height, s->kernel_height, s->stride, s->padding);
    int64_t ow = output_extent(s->width, s->kernel_width, s->stride, s->padding);
    if (oh < 1 || ow < 1) return dnnl_invalid_arguments;
    dnnl_dims_t src = {s->batch, s->in_channels, s->height, s->width};
    dnnl_dims_t weights = {s->out_channels, s->in_channels, s->kernel_height, s->kernel_width};
    dnnl_dims_t dst = {s->batch, s->out_channels, oh, ow};
    dnnl_dims_t bias = {s->out_channels};
    TRY(dnnl_memory_desc_init_by_tag(&l->src, 4, src, dnnl_f32, dnnl_nchw));
    TRY(dnnl_memory_desc_init_by_tag(&l->weights, 4, weights, dnnl_f32, dnnl_oihw));
    TRY(dnnl_memory_desc_init_by_tag(&l->dst, 4, dst, dnnl_f32, dnnl_nchw));
    TRY(dnnl_memory_desc_init_by_tag(&l->bias, 1, bias, dnnl_f32, dnnl_x));
    TRY(dnnl_memory_desc_init_by_tag(&l->any_src, 4, src, dnnl_f32, dnnl_format_tag_any));
    TRY(dnnl_memory_desc_init_by_tag(&l->any_weights, 4, weights, dnnl_f32, dnnl_format_tag_any));
    TRY(dnnl_memory_desc_init_by_tag(&l->any_dst, 4, dst, dnnl_f32, dnnl_format_tag_any));
    for (int i = 0; i < 2; i++) l->strides[i] = s->stride, l->padding_low[i] = s->padding;
    // The high padding is what makes the last window fit; it may be less than the low one when the stride skips pixels.
    l->padding_high[0] = (oh - 1) * s->stride + s->kernel_height - s->height - s->padding;
    l->padding_high[1] = (ow - 1) * s->stride + s->kernel_width - s->width - s->padding;
    return 0;
}

static dnnl_alg_kind_t kind(refine_conv_algorithm algorithm) {
    return algorithm == REFINE_CONV_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
}

static int finish(operation *op, dnnl_primitive_desc_t description, const layouts *l, dnnl_query_t src,
                  dnnl_query_t weights, dnnl_query_t dst, int with_bias) {
    TRY(attach(op, SLOT_SRC, &l->src, dnnl_primitive_desc_query_md(description, src, 0)));
    TRY(attach(op, SLOT_WEIGHTS, &l->weights, dnnl_primitive_desc_query_md(description, weights, 0)));
    TRY(attach(op, SLOT_DST, &l->dst, dnnl_primitive_desc_query_md(description, dst, 0)));
    if (with_bias) TRY(dnnl_memory_create(&op->bias, &l->bias, engine, DNNL_MEMORY_NONE));
    const dnnl_memory_desc_t *scratchpad = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    op->scratchpad_bytes = dnnl_memory_desc_get_size(scratchpad);
    TRY(dnnl_memory_create(&op->scratchpad, scratchpad, engine, DNNL_MEMORY_NONE));
    return dnnl_primitive_create(&op->primitive, description);
}

// The scratchpad is ours and shared: left to oneDNN, each primitive would keep its own.
static dnnl_primitive_attr_t shared_scratchpad(void) {
    static dnnl_primitive_attr_t attributes;
    if (!attributes && dnnl_primitive_attr_create(&attributes) == 0)
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    return attributes;
}

static int describe_forward(const layouts *l, refine_conv_algorithm algorithm, int training, int with_bias,
                            dnnl_primitive_desc_t *out) {
    dnnl_convolution_desc_t d;
    TRY(dnnl_convolution_forward_desc_init(&d, training ? dnnl_forward_training : dnnl_forward_inference,
                                           kind(algorithm), &l->any_src, &l->any_weights, with_bias ? &l->bias : NULL,
                                           &l->any_dst, l->strides, l->padding_low, l->padding_high));
    return dnnl_primitive_desc_create(out, &d, shared_scratchpad(), engine, NULL);
}

static int prepare(refine_conv *conv, const layouts *l, refine_conv_algorithm algorithm, int training) {
    dnnl_primitive_desc_t hint, description;
    dnnl_convolution_desc_t d;
    conv->forward.output = SLOT_DST;
    conv->forward_without_bias.output = SLOT_DST;
    TRY(describe_forward(l, algorithm, training, 1, &hint));
    const char *name = NULL;
    dnnl_primitive_desc_query(hint, dnnl_query_impl_info_str, 0, &name);
    snprintf(conv->implementation, sizeof conv->implementation, "%s", name ? name : "?");
    int status = finish(&conv->forward, hint, l, dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md, 1);
    if (!status && !(status = describe_forward(l, algorithm, training, 0, &description))) {
        status = finish(&conv->forward_without_bias, description, l, dnnl_query_src_md, dnnl_query_weights_md,
                        dnnl_query_dst_md, 0);
        dnnl_primitive_desc_destroy(description);
    }
    if (!status && training) {
        conv->backward_data.output = SLOT_SRC;
        status = dnnl_convolution_backward_data_desc_init(&d, kind(algorithm), &l->any_src, &l->any_weights, &l->any_dst,
                                                          l->strides, l->padding_low, l->padding_high);
        if (!status && !(status = dnnl_primitive_desc_create(&description, &d, shared_scratchpad(), engine, hint))) {
            status = finish(&conv->backward_data, description, l, dnnl_query_diff_src_md, dnnl_query_weights_md,
                            dnnl_query_diff_dst_md, 0);
            dnnl_primitive_desc_destroy(description);
        }
        conv->backward_weights.output = SLOT_WEIGHTS;
        if (!status)
            status = dnnl_convolution_backward_weights_desc_init(&d, kind(algorithm), &l->any_src, &l->any_weights,
                                                                 &l->bias, &l->any_dst, l->strides, l->padding_low,
                                                                 l->padding_high);
        if (!status && !(status = dnnl_primitive_desc_create(&description, &d, shared_scratchpad(), engine, hint))) {
            status = finish(&conv->backward_weights, description, l, dnnl_query_src_md, dnnl_query_diff_weights_md,
                            dnnl_query_diff_dst_md, 1);
            dnnl_primitive_desc_destroy(description);
        }
    }
    dnnl_primitive_desc_destroy(hint);
    return status;
}

int refine_conv_create(const refine_conv_shape *shape, refine_conv_algorithm algorithm, int training,
                       refine_conv **out) {
    TRY(start());
    layouts l;
    memset(&l, 0, sizeof l);
    TRY(describe(shape, &l));
    refine_conv *conv = calloc(1, sizeof *conv);
    if (!conv) return dnnl_out_of_memory;
    conv->training = training;
    int status = prepare(conv, &l, algorithm, training);
    if (status) {
        refine_conv_destroy(conv);
        return status;
    }
    *out = conv;
    return 0;
}

static void release(operation *op) {
    for (int slot = 0; slot < SLOTS; slot++) {
        if (op->packed[slot] && op->packed[slot] != op->dense[slot]) dnnl_memory_destroy(op->packed[slot]);
        if (op->dense[slot]) dnnl_memory_destroy(op->dense[slot]);
        if (op->reorder[slot]) dnnl_primitive_destroy(op->reorder[slot]);
    }
    if (op->bias) dnnl_memory_destroy(op->bias);
    if (op->scratchpad) dnnl_memory_destroy(op->scratchpad);
    if (op->primitive) dnnl_primitive_destroy(op->primitive);
}

void refine_conv_destroy(refine_conv *conv) {
    if (!conv) return;
    release(&conv->forward);
    release(&conv->forward_without_bias);
    release(&conv->backward_data);
    release(&conv->backward_weights);
    free(conv);
}

static int run_reorder(operation *op, int slot) {
    int output = op->output == slot;
    dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, output ? op->packed[slot] : op->dense[slot]},
                                    {DNNL_ARG_TO, output ? op->dense[slot] : op->packed[slot]}};
    return dnnl_primitive_execute(op->reorder[slot], stream, 2, arguments);
}

static int run(operation *op, const int keys[SLOTS], int bias_key, const float *operands[SLOTS], const float *bias) {
    for (int slot = 0; slot < SLOTS; slot++) {
        TRY(dnnl_memory_set_data_handle(op->dense[slot], (void *)operands[slot]));
        if (!op->reorder[slot]) continue;
        TRY(reserve(slot, op->packed_bytes[slot]));
        TRY(dnnl_memory_set_data_handle(op->packed[slot], workspace[slot]));
        if (slot != op->output) TRY(run_reorder(op, slot));
    }
    TRY(reserve(SLOTS, op->scratchpad_bytes));
    TRY(dnnl_memory_set_data_handle(op->scratchpad, workspace[SLOTS]));
    dnnl_exec_arg_t arguments[5] = {{keys[SLOT_SRC], op->packed[SLOT_SRC]},
                                    {keys[SLOT_WEIGHTS], op->packed[SLOT_WEIGHTS]},
                                    {keys[SLOT_DST], op->packed[SLOT_DST]},
                                    {DNNL_ARG_SCRATCHPAD, op->scratchpad},
                                    {bias_key, op->bias}};
    if (op->bias) TRY(dnnl_memory_set_data_handle(op->bias, (void *)bias));
    TRY(dnnl_primitive_execute(op->primitive, stream, op->bias ? 5 : 4, arguments));
    if (op->reorder[op->output]) TRY(run_reorder(op, op->output));
    return dnnl_stream_wait(stream);
}

int refine_conv_forward(refine_conv *conv, const float *src, const float *weights, const float *bias, float *dst) {
    static const int keys[SLOTS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    const float *operands[SLOTS] = {src, weights, dst};
    return run(bias ? &conv->forward : &conv->forward_without_bias, keys, DNNL_ARG_BIAS, operands, bias);
}

int refine_conv_backward_data(refine_conv *conv, const float *diff_dst, const float *weights, float *diff_src) {
    static const int keys[SLOTS] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST};
    const float *operands[SLOTS] = {diff_src, weights, diff_dst};
    if (!conv->training) return dnnl_invalid_arguments;
    return run(&conv->backward_data, keys, 0, operands, NULL);
}

int refine_conv_backward_weights(refine_conv *conv, const float *src, const float *diff_dst, float *diff_weights,
                                 float *diff_bias) {
    static const int keys[SLOTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST};
    const float *operands[SLOTS] = {src, diff_weights, diff_dst};
    if (!conv->training) return dnnl_invalid_arguments;
    return run(&conv->backward_weights, keys, DNNL_ARG_DIFF_BIAS, operands, diff_bias);
}

const char *refine_conv_implementation(const refine_conv *conv) { return conv->implementation; }

const char *refine_onednn_version(void) {
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

const char *refine_onednn_isa(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx2_vnni: return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx: return "avx512_core_amx";
    default: return "baseline";
    }
}
