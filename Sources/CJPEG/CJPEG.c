#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct errors {
    struct jpeg_error_mgr manager;  // first: libjpeg hands out a pointer to it
    jmp_buf leave;
};

struct refine_jpeg {
    struct jpeg_decompress_struct source;
    struct errors errors;
    jvirt_barray_ptr *arrays;
};

static void leave(j_common_ptr info) { longjmp(((struct errors *)info->err)->leave, 1); }

// No messages: they can hold text from inside a photo.
static void say_nothing(j_common_ptr info) { (void)info; }

static struct jpeg_error_mgr *quiet(struct errors *errors) {
    struct jpeg_error_mgr *manager = jpeg_std_error(&errors->manager);
    manager->error_exit = leave;
    manager->output_message = say_nothing;
    return manager;
}

refine_jpeg *refine_jpeg_open(const uint8_t *file, size_t count) {
    refine_jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (jpeg == NULL) return NULL;
    jpeg->source.err = quiet(&jpeg->errors);
    if (setjmp(jpeg->errors.leave)) {
        refine_jpeg_close(jpeg);
        return NULL;
    }
    jpeg_create_decompress(&jpeg->source);
    jpeg_mem_src(&jpeg->source, file, count);
    for (int marker = 0; marker < 16; marker++) jpeg_save_markers(&jpeg->source, JPEG_APP0 + marker, 0xFFFF);
    jpeg_save_markers(&jpeg->source, JPEG_COM, 0xFFFF);
    jpeg_read_header(&jpeg->source, TRUE);
    jpeg->arrays = jpeg_read_coefficients(&jpeg->source);
    if (jpeg->arrays == NULL) {
        refine_jpeg_close(jpeg);
        return NULL;
    }
    return jpeg;
}

void refine_jpeg_close(refine_jpeg *jpeg) {
    if (jpeg == NULL) return;
    // Neither throws, and a struct of zeros is as good as a destroyed one.
    if (jpeg->source.mem != NULL) jpeg_destroy_decompress(&jpeg->source);
    free(jpeg);
}

refine_jpeg_info refine_jpeg_get_info(const refine_jpeg *jpeg) {
    const struct jpeg_decompress_struct *source = &jpeg->source;
    refine_jpeg_colour colour = REFINE_JPEG_OTHER;
    switch (source->jpeg_color_space) {
        case JCS_GRAYSCALE: colour = REFINE_JPEG_GREY; break;
        case JCS_YCbCr: colour = REFINE_JPEG_YCC; break;
        case JCS_RGB: colour = REFINE_JPEG_RGB; break;
        case JCS_CMYK: colour = REFINE_JPEG_CMYK; break;
        case JCS_YCCK: colour = REFINE_JPEG_YCCK; break;
        default: break;
    }
    return (refine_jpeg_info){
        .width = (int)source->image_width,
        .height = (int)source->image_height,
        .components = source->num_components,
        .colour = colour,
        .has_adobe_marker = source->saw_Adobe_marker,
        .is_progressive = source->progressive_mode,
        .is_arithmetic = source->arith_code,
        .restart_interval = (int)source->restart_interval,
    };
}

refine_jpeg_component refine_jpeg_get_component(const refine_jpeg *jpeg, int index) {
    const jpeg_component_info *component = &jpeg->source.comp_info[index];
    return (refine_jpeg_component){
        .horizontal = component->h_samp_factor,
        .vertical = component->v_samp_factor,
        .columns = (int)component->width_in_blocks,
        .rows = (int)component->height_in_blocks,
        .table = component->quant_table == NULL ? NULL : component->quant_table->quantval,
    };
}

int refine_jpeg_get_markers(const refine_jpeg *jpeg, refine_jpeg_marker *markers, int room) {
    int count = 0;
    for (jpeg_saved_marker_ptr marker = jpeg->source.marker_list; marker != NULL; marker = marker->next) {
        if (count < room) markers[count] = (refine_jpeg_marker){marker->marker, marker->data, marker->data_length};
        count++;
    }
    return count;
}

int16_t *refine_jpeg_blocks(refine_jpeg *jpeg, int component, int row, int writable) {
    if (setjmp(jpeg->errors.leave)) return NULL;
    JBLOCKARRAY blocks = jpeg->source.mem->access_virt_barray((j_common_ptr)&jpeg->source, jpeg->arrays[component],
                                                              (JDIMENSION)row, 1, writable ? TRUE : FALSE);
    return blocks[0][0];
}

int refine_jpeg_write(refine_jpeg *jpeg, const refine_jpeg_marker *markers, int count, uint8_t **bytes, size_t *size) {
    // Static storage duration is not wanted, and automatic variables that change after setjmp are not kept: these live
    // on the heap.
    struct state {
        struct jpeg_compress_struct target;
        struct errors errors;
        unsigned char *buffer;
        unsigned long length;
    } *state = calloc(1, sizeof *state);
    if (state == NULL) return -1;
    state->target.err = quiet(&state->errors);
    // Reading the source's arrays can fail as well.
    if (setjmp(jpeg->errors.leave)) goto failed;
    if (setjmp(state->errors.leave)) goto failed;
    struct jpeg_compress_struct *target = &state->target;
    jpeg_create_compress(target);
    jpeg_mem_dest(target, &state->buffer, &state->length);
    jpeg_copy_critical_parameters(&jpeg->source, target);
    // The source's own markers follow, these two among them.
    target->write_JFIF_header = FALSE;
    target->write_Adobe_marker = FALSE;
    target->arith_code = jpeg->source.arith_code;
    target->optimize_coding = !target->arith_code;
    target->restart_interval = jpeg->source.restart_interval;
    if (jpeg->source.progressive_mode) jpeg_simple_progression(target);
    jpeg_write_coefficients(target, jpeg->arrays);
    for (int index = 0; index < count; index++)
        jpeg_write_marker(target, markers[index].code, markers[index].bytes, markers[index].count);
    jpeg_finish_compress(target);
    *bytes = state->buffer;
    *size = state->length;
    jpeg_destroy_compress(target);
    free(state);
    return 0;
failed:
    if (state->target.mem != NULL) jpeg_destroy_compress(&state->target);
    // The buffer is left: libjpeg has replaced it without a word where it grew.
    free(state);
    return -1;
}

void refine_jpeg_free(uint8_t *bytes) { free(bytes); }
