#pragma once
// libvips' operations take their optional arguments as varargs, which Swift does not import: each one that the codec
// uses has a wrapper here. All return 0 or -1, with the new image in *out; the reason is in vips_error_buffer().
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>
// Not part of vips.h.
#include <vips/vector.h>

static inline void refine_vips_drop_message(const gchar *domain, GLogLevelFlags level, const gchar *message,
                                            gpointer data) {
    (void)domain, (void)level, (void)message, (void)data;
}

/// Starts libvips without its plugin modules: ImageMagick, Poppler and OpenSlide cost 30 ms and are never wanted here.
/// One thread, no operation cache, no run-time code generation, no loaders that libvips calls untrusted, no temporary
/// files on disc, and no messages (they can hold text from inside a photo).
static inline int refine_vips_start(const char *program) {
    g_log_set_default_handler(refine_vips_drop_message, NULL);
    setenv("VIPSHOME", "/nonexistent", 1);  // where vips_init looks for modules
    setenv("VIPS_DISC_THRESHOLD", "1000g", 1);
    int result = vips_init(program);
    if (result != 0) return result;
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1);
    vips_vector_set_enabled(FALSE);
    return 0;
}

// glibc's dladdr under a name of our own: dlfcn.h declares it only with _GNU_SOURCE, which Swift does not set here.
struct refine_symbol_place {
    const char *library;
    void *base;
    const char *symbol;
    void *address;
};
extern int refine_dladdr(const void *address, struct refine_symbol_place *place) __asm__("dladdr");

/// Loads the HEIF and AVIF module, which lies beside libvips. -1 where this libvips has none.
static inline int refine_vips_load_heif(void) {
    if (vips_type_find("VipsOperation", "heifload_source") != 0) return 0;
    struct refine_symbol_place place;
    if (refine_dladdr((const void *)vips_init, &place) == 0 || place.library == NULL) return -1;
    const char *slash = strrchr(place.library, '/');
    if (slash == NULL) return -1;
    char path[4096];
    int length = snprintf(path, sizeof path, "%.*s/vips-modules-%d.%d/vips-heif.so", (int)(slash - place.library),
                          place.library, vips_version(0), vips_version(1));
    if (length < 0 || (size_t)length >= sizeof path) return -1;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) return -1;
    // GModule's entry point, which registers the operations.
    const char *(*entry)(void *) = (const char *(*)(void *))dlsym(module, "g_module_check_init");
    if (entry == NULL) return -1;
    return entry(NULL) == NULL ? 0 : -1;
}

// --- Reading: `access` is VIPS_ACCESS_SEQUENTIAL or VIPS_ACCESS_RANDOM. Damaged pixels are an error. -----------------

static inline int refine_vips_load_jpeg(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_jpegload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}
static inline int refine_vips_load_png(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_pngload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}
static inline int refine_vips_load_webp(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_webpload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}
static inline int refine_vips_load_tiff(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_tiffload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}
static inline int refine_vips_load_gif(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_gifload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}
static inline int refine_vips_load_heif_image(VipsSource *source, VipsAccess access, VipsImage **out) {
    return vips_heifload_source(source, out, "access", access, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

/// As refine_vips_load_jpeg, at a half, a quarter or an eighth of the size, which takes a fraction of the time.
static inline int refine_vips_load_small_jpeg(VipsSource *source, int shrink, VipsImage **out) {
    return vips_jpegload_source(source, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, "shrink",
                                shrink, NULL);
}

/// A small upright sRGB picture of 3 bands of 8 bits. With `exact` it is width x height whatever its shape, else it fits
/// inside of them and is never made larger.
static inline int refine_vips_thumbnail(VipsImage *in, int width, int height, int exact, VipsImage **out) {
    VipsImage *small = NULL, *plain = NULL, *colour = NULL, *narrow = NULL;
    int result = vips_thumbnail_image(in, &small, width, "height", height, "size",
                                      exact ? VIPS_SIZE_FORCE : VIPS_SIZE_DOWN, NULL);
    if (result == 0) result = vips_colourspace(small, &colour, VIPS_INTERPRETATION_sRGB, NULL);
    if (result == 0)
        result = vips_image_hasalpha(colour) ? vips_flatten(colour, &plain, NULL) : vips_copy(colour, &plain, NULL);
    if (result == 0) result = vips_cast_uchar(plain, &narrow, NULL);
    if (result == 0)
        result = narrow->Bands < 3 ? -1 : vips_extract_band(narrow, out, 0, "n", 3, NULL);
    g_clear_object(&small);
    g_clear_object(&plain);
    g_clear_object(&colour);
    g_clear_object(&narrow);
    return result;
}

/// SHA-256 of `count` bytes into 32 bytes.
static inline void refine_sha256(const void *bytes, size_t count, unsigned char *digest) {
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    // g_checksum_update takes a signed size; 1 GiB at a time.
    for (size_t done = 0; done < count;) {
        size_t part = count - done < (1u << 30) ? count - done : (1u << 30);
        g_checksum_update(sum, (const guchar *)bytes + done, (gssize)part);
        done += part;
    }
    gsize length = 32;
    g_checksum_get_digest(sum, digest, &length);
    g_checksum_free(sum);
}

/// The bytes of one prepared row of a region that is as wide as its image.
static inline const void *refine_vips_row(VipsRegion *region, int row) { return VIPS_REGION_ADDR(region, 0, row); }
static inline size_t refine_vips_row_size(VipsImage *image) { return VIPS_IMAGE_SIZEOF_LINE(image); }

// --- Changing -------------------------------------------------------------------------------------------------------

static inline int refine_vips_upright(VipsImage *in, VipsImage **out) { return vips_autorot(in, out, NULL); }

/// CMYK, by its embedded profile or libvips' own, to sRGB of `depth` bits.
static inline int refine_vips_cmyk_to_rgb(VipsImage *in, int depth, VipsImage **out) {
    return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "input_profile", "cmyk", "depth", depth, "intent",
                              VIPS_INTENT_RELATIVE, NULL);
}
/// sRGB to the CMYK of `profile` (NULL: libvips' own).
static inline int refine_vips_rgb_to_cmyk(VipsImage *in, const void *profile, size_t size, int depth,
                                          VipsImage **out) {
    VipsImage *connected = NULL, *copy = NULL;
    int result = vips_icc_import(in, &connected, "input_profile", "srgb", "intent", VIPS_INTENT_RELATIVE, NULL);
    if (result == 0) result = vips_copy(connected, &copy, NULL);
    if (result == 0 && profile != NULL) {
        vips_image_set_blob_copy(copy, VIPS_META_ICC_NAME, profile, size);
        result = vips_icc_export(copy, out, "depth", depth, "intent", VIPS_INTENT_RELATIVE, NULL);
    } else if (result == 0) {
        result = vips_icc_export(copy, out, "output_profile", "cmyk", "depth", depth, "intent", VIPS_INTENT_RELATIVE,
                                 NULL);
    }
    g_clear_object(&connected);
    g_clear_object(&copy);
    return result;
}

/// A new image over `bytes`, which must outlive it.
static inline VipsImage *refine_vips_over_memory(const void *bytes, size_t size, int width, int height, int bands,
                                                 VipsBandFormat format, VipsInterpretation interpretation) {
    VipsImage *raw = vips_image_new_from_memory(bytes, size, width, height, bands, format), *out = NULL;
    if (raw == NULL) return NULL;
    vips_copy(raw, &out, "interpretation", interpretation, NULL);
    g_object_unref(raw);
    return out;
}

static inline void *refine_vips_copy_field(VipsImage *from, const char *name, GValue *value, void *to) {
    (void)from;
    static const char *const of_pixels[] = {"width",   "height",  "bands", "format", "coding",  "interpretation",
                                            "xoffset", "yoffset", "xres",  "yres",   "filename"};
    for (size_t i = 0; i < sizeof of_pixels / sizeof of_pixels[0]; i++)
        if (strcmp(name, of_pixels[i]) == 0) return NULL;
    vips_image_set((VipsImage *)to, name, value);
    return NULL;
}
/// Gives `to` the metadata and the resolution of `from`. libvips parses EXIF data that it is given: fields that were
/// removed from `from` but are in its EXIF block come back.
static inline void refine_vips_copy_metadata(VipsImage *from, VipsImage *to) {
    vips_image_map(from, refine_vips_copy_field, to);
    to->Xres = from->Xres;
    to->Yres = from->Yres;
}

/// What savers wrote to a target in memory. The bytes belong to the blob, which the caller unrefs by
/// refine_vips_drop_output; NULL when nothing was written.
static inline VipsBlob *refine_vips_take_output(VipsTarget *target, const void **bytes, size_t *size) {
    VipsBlob *blob = NULL;
    if (vips_target_end(target) != 0) return NULL;
    g_object_get(target, "blob", &blob, NULL);
    if (blob != NULL) *bytes = vips_blob_get(blob, size);
    return blob;
}
static inline void refine_vips_drop_output(VipsBlob *blob) { vips_area_unref(VIPS_AREA(blob)); }

// --- Writing --------------------------------------------------------------------------------------------------------

static inline int refine_vips_save_jpeg(VipsImage *in, VipsTarget *target, int quality, int progressive,
                                        int subsample) {
    return vips_jpegsave_target(in, target, "Q", quality, "interlace", progressive, "optimize_coding", TRUE,
                                "subsample_mode",
                                subsample ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF, NULL);
}
static inline int refine_vips_save_png(VipsImage *in, VipsTarget *target, int compression, int interlaced,
                                       int filter) {
    return vips_pngsave_target(in, target, "compression", compression, "interlace", interlaced, "filter", filter,
                               NULL);
}
static inline int refine_vips_save_webp(VipsImage *in, VipsTarget *target, int lossless, int quality) {
    return vips_webpsave_target(in, target, "lossless", lossless, "Q", quality, NULL);
}
static inline int refine_vips_save_tiff(VipsImage *in, VipsTarget *target, VipsForeignTiffCompression compression,
                                        VipsForeignTiffPredictor predictor, int tiled, int big) {
    return vips_tiffsave_target(in, target, "compression", compression, "predictor", predictor, "tile", tiled,
                                "bigtiff", big, NULL);
}
static inline int refine_vips_save_heif(VipsImage *in, VipsTarget *target, int av1, int quality, int bit_depth) {
    return vips_heifsave_target(in, target, "compression",
                                av1 ? VIPS_FOREIGN_HEIF_COMPRESSION_AV1 : VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "Q",
                                quality, "bitdepth", bit_depth, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, NULL);
}
