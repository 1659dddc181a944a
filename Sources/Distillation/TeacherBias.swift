import Foundation
import Metrics
import TensorCore

/// What students took over of their teacher's errors, measured against a student that never saw a teacher.
///
/// A student that is good where its teacher is good shares much of its errors anyway: what a hole hides can be unforeseeable
/// to both. So every figure stands beside that of the student from scratch (arm a) of the same seed: what a distilled
/// student has beyond it came from the teacher.
public struct TeacherBias: Encodable, Sendable {
    public struct Row: Encodable, Sendable {
        public var name: String
        public var arm: AblationArm
        public var seed: UInt64
        /// Crops of which set, and what their holes hide: a `ContentClass`, or "all".
        public var set: String
        public var content: String
        public var crops: Int
        /// Pearson's correlation of its errors with the teacher's, over all samples of the holes.
        public var correlation: Double
        /// The same of the student from scratch.
        public var scratchCorrelation: Double
        /// Mean PSNR over the student from scratch, in dB, on crops where the teacher is better than that one, and where it is
        /// worse; nil where there are none.
        public var gainWhereTeacherIsBetter: Double?
        public var gainWhereTeacherIsWorse: Double?
        public var cropsWhereTeacherIsWorse: Int
    }

    public var rows: [Row] = []

    /// The errors of one way of filling a set: of every sample of each crop's hole, and each crop's PSNR.
    public struct Errors {
        let samples: [[Float]]
        let psnr: [Double]

        /// - Parameters:
        ///   - fills: [N, 3, H, W], one for each of `references`.
        ///   - references: the true pictures.
        public init(_ fills: Tensor, _ references: [ReferenceSample]) {
            let pictures = zip(CropFile.images(of: fills).map(\.rounded), references)
            samples = pictures.map { fill, reference in
                let plane = fill.width * fill.height
                let hole = (reference.mask ?? []).indices.filter { (reference.mask ?? [])[$0] >= 128 }
                return (0..<3).flatMap { channel in
                    hole.map { fill.values[channel * plane + $0] - reference.truth.values[channel * plane + $0] }
                }
            }
            psnr = pictures.map { fill, reference in
                HoleError(fill: fill.values, truth: reference.truth.values, mask: reference.mask ?? []).psnr
            }
        }

        /// Pearson's correlation with other errors of the same holes, over some of the crops.
        public func correlation(_ other: Errors, _ crops: [Int]) -> Double {
            var count = 0.0, a = 0.0, b = 0.0, aa = 0.0, bb = 0.0, ab = 0.0
            for crop in crops {
                for (x, y) in zip(samples[crop], other.samples[crop]) {
                    let (x, y) = (Double(x), Double(y))
                    count += 1
                    a += x
                    b += y
                    aa += x * x
                    bb += y * y
                    ab += x * y
                }
            }
            let spread = (count * aa - a * a) * (count * bb - b * b)
            return spread > 0 ? (count * ab - a * b) / spread.squareRoot() : 0
        }
    }

    /// Adds the rows of one student on one set.
    mutating func add(
        _ trained: Ablation.Trained, set: ValidationSet, _ references: [ReferenceSample], student: Errors,
        scratch: Errors, teacher: Errors
    ) {
        let groups =
            [("all", Array(references.indices))]
            + ContentClass.allCases.map { content in
                (content.rawValue, references.indices.filter { references[$0].content == content })
            }
        for (content, crops) in groups where !crops.isEmpty {
            func gain(_ chosen: [Int]) -> Double? {
                guard !chosen.isEmpty else { return nil }
                return chosen.reduce(0) { $0 + student.psnr[$1] - scratch.psnr[$1] } / Double(chosen.count)
            }
            let worse = crops.filter { teacher.psnr[$0] < scratch.psnr[$0] }
            rows.append(
                Row(
                    name: trained.arm.title, arm: trained.arm, seed: trained.seed, set: set.name, content: content,
                    crops: crops.count, correlation: student.correlation(teacher, crops),
                    scratchCorrelation: scratch.correlation(teacher, crops),
                    gainWhereTeacherIsBetter: gain(crops.filter { teacher.psnr[$0] >= scratch.psnr[$0] }),
                    gainWhereTeacherIsWorse: gain(worse), cropsWhereTeacherIsWorse: worse.count))
        }
    }
}
