import CVips

/// What must not be carried over from the source's metadata as it is: pictures of what was filled in, and an
/// orientation that was applied already.
enum SourceMetadata {
    /// Gives `target` the metadata of `source`, without previews.
    ///
    /// - Returns: codes of what was left out.
    static func copy(from source: VipsPicture, to target: VipsPicture) -> [String] {
        refine_vips_copy_metadata(source.image, target.image)
        // The pixels are upright. Where EXIF has an orientation, a saver then writes 1.
        for field in [VIPS_META_ORIENTATION, "exif-ifd0-Orientation"] where target.has(field) { target.remove(field) }
        var dropped = false
        // EXIF's thumbnail shows the photo before the fill.
        if target.has("jpeg-thumbnail-data") {
            target.remove("jpeg-thumbnail-data")
            dropped = true
        }
        for field in [VIPS_META_IPTC_NAME, VIPS_META_PHOTOSHOP_NAME] {
            guard let blob = target.blob(field), let kept = PhotoshopResources.withoutThumbnails(blob) else { continue }
            target.setBlob(field, kept)
            dropped = true
        }
        if let blob = target.blob(VIPS_META_XMP_NAME) {
            let (kept, droppedHere) = XMPPacket.cleaned(blob)
            if kept != blob { target.setBlob(VIPS_META_XMP_NAME, kept) }
            dropped = dropped || droppedHere
        }
        // One page is written, whatever the source had.
        for field in [VIPS_META_N_PAGES, VIPS_META_PAGE_HEIGHT, "n-pages", "page-height", "delay", "loop"]
        where target.has(field) {
            target.remove(field)
        }
        return dropped ? ["thumbnail-dropped"] : []
    }
}
