import RefineBus

/// Which files belong together in one fill.
struct FillPlan: Equatable {
    var photo: String
    /// Nil where boxes say what to fill.
    var mask: String?
    /// One for each variant.
    var outputs: [String]
    var compare: String?

    /// Works out the files for each photo.
    ///
    /// A mask, output or comparison may be a file, a folder, or a template with `{dir}`, `{name}` and `{ext}`; the
    /// output of several variants also with `{variant}`, which goes before the extension where it is not given.
    /// - Throws: `Failure` with exit code 64 where two photos would be written to the same file.
    static func make(
        photos: [String], mask: String?, output: String?, compare: String?, variants: Int = 1
    ) throws -> [FillPlan] {
        let plans = photos.map { photo in
            FillPlan(
                photo: photo, mask: mask.map { self.mask($0, for: photo) },
                outputs: numbered(
                    destination(output, for: photo, ending: "-filled", suffix: nil)
                        ?? expand("{dir}/{name}-filled{ext}", photo), variants),
                compare: destination(compare, for: photo, ending: "-compare", suffix: "png"))
        }
        var written: Set<String> = []
        for path in plans.flatMap({ $0.outputs + ($0.compare.map { [$0] } ?? []) }) {
            guard written.insert(path).inserted else {
                throw Failure(
                    Failure.Code.usage, "\(path) would be written twice",
                    hint: "use a folder, or a template such as 'out/{name}{ext}', for several photos")
            }
        }
        return plans
    }

    /// `out.png` becomes `out-1.png`, `out-2.png` where there are several.
    private static func numbered(_ path: String, _ variants: Int) -> [String] {
        (1...max(variants, 1)).map { number in
            guard !path.contains("{variant}") else { return path.replacing("{variant}", with: "\(number)") }
            guard variants > 1 else { return path }
            let (folder, file) = FilePath.split(path)
            let (stem, suffix) = FilePath.splitName(file)
            let name = "\(stem)-\(number)" + (suffix.isEmpty ? "" : ".\(suffix)")
            return path.contains("/") ? "\(folder == "/" ? "" : folder)/\(name)" : name
        }
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
