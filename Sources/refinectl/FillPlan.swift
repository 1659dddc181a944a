import RefineBus

/// Which files belong together in one fill.
struct FillPlan: Equatable {
    var photo: String
    /// Nil where boxes say what to fill.
    var mask: String?
    var output: String
    var compare: String?

    /// Works out the files for each photo.
    ///
    /// A mask, output or comparison may be a file, a folder, or a template with `{dir}`, `{name}` and `{ext}`.
    /// - Throws: `Failure` with exit code 64 where two photos would be written to the same file.
    static func make(photos: [String], mask: String?, output: String?, compare: String?) throws -> [FillPlan] {
        let plans = photos.map { photo in
            FillPlan(
                photo: photo, mask: mask.map { self.mask($0, for: photo) },
                output: destination(output, for: photo, ending: "-filled", suffix: nil)
                    ?? expand("{dir}/{name}-filled{ext}", photo),
                compare: destination(compare, for: photo, ending: "-compare", suffix: "png"))
        }
        var written: Set<String> = []
        for path in plans.flatMap({ [$0.output] + ($0.compare.map { [$0] } ?? []) }) {
            guard written.insert(path).inserted else {
                throw Failure(
                    Failure.Code.usage, "\(path) would be written twice",
                    hint: "use a folder, or a template such as 'out/{name}{ext}', for several photos")
            }
        }
        return plans
    }

    private static func mask(_ mask: String, for photo: String) -> String {
        guard FilePath.isFolder(mask) else { return expand(mask, photo) }
        // Masks are usually PNG, whatever the photos are.
        return expand("\(mask)/{name}.png", photo)
    }

    private static func destination(_ path: String?, for photo: String, ending: String, suffix: String?) -> String? {
        guard let path else { return nil }
        guard FilePath.isFolder(path) else { return expand(path, photo) }
        return expand("\(path)/{name}\(ending)" + (suffix.map { ".\($0)" } ?? "{ext}"), photo)
    }

    private static func expand(_ template: String, _ photo: String) -> String {
        let (folder, file) = FilePath.split(photo)
        let (stem, suffix) = FilePath.splitName(file)
        return template.replacing("{dir}", with: folder).replacing("{name}", with: stem)
            .replacing("{ext}", with: suffix.isEmpty ? "" : ".\(suffix)")
    }
}
