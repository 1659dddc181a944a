/// How a folder is looked through.
public struct FolderOptions: Codable, Sendable, Equatable {
    /// Patterns of what to leave out, as ``ExcludeRules`` takes them.
    public var excludes: [String]
    /// Whether to go into folders whose name begins with a dot.
    public var hidden: Bool
    /// Whether to take pictures of the screen too.
    public var screenshots: Bool
    /// Photos with a shorter side in pixels are left out.
    public var minimumSide: Int
    /// Minutes between two passes over a folder that cannot be watched live.
    public var rescanMinutes: Int

    public init(
        excludes: [String] = [], hidden: Bool = false, screenshots: Bool = false, minimumSide: Int = 256,
        rescanMinutes: Int = 60
    ) {
        self.excludes = excludes
        self.hidden = hidden
        self.screenshots = screenshots
        self.minimumSide = minimumSide
        self.rescanMinutes = rescanMinutes
    }
}

/// Whether a folder could be read when it was last looked at.
public enum FolderState: String, Sendable {
    case new, ready
    /// It is gone, cannot be read, or is an empty mount point now. What is known of it is kept.
    case unavailable
}

/// A watched folder.
public struct FolderRecord: Sendable, Equatable {
    public let id: Int64
    public let path: BytePath
    public let options: FolderOptions
    public let state: FolderState
    /// Microseconds since 1970; nil before the first pass.
    public let scannedAt: Int64?
    /// Device and inode of the folder when it was last read.
    public let place: FilePlace
    /// Images by state.
    public let counts: [ImageState: Int]
}

/// What identifies a file on this machine as long as it is there.
public struct FilePlace: Hashable, Sendable {
    public var device: Int64
    public var inode: Int64

    public init(device: Int64, inode: Int64) {
        self.device = device
        self.inode = inode
    }
}

/// What is known of an image.
public enum ImageState: String, Sendable, CaseIterable {
    /// Seen, not read yet.
    case new
    case ready
    /// Read, and not wanted: too small.
    case skipped
    /// It cannot be read, or crashed or hung its reader; not tried again until the file changes.
    case quarantined
    /// Not where it was; goes at the end of the pass unless its content turns up elsewhere.
    case missing
}

/// What part of the library an image is for.
public enum Split: String, Sendable {
    case train
    case heldOut = "held-out"
}

/// A file as the walk found it.
public struct FileStamp: Hashable, Sendable {
    public var place: FilePlace
    /// Bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var modifiedAt: Int64

    public init(place: FilePlace, size: Int64, modifiedAt: Int64) {
        self.place = place
        self.size = size
        self.modifiedAt = modifiedAt
    }
}

/// What the reader found out about an image.
public struct ImageFacts: Sendable, Equatable {
    /// SHA-256 of the file.
    public var contentHash: [UInt8]
    /// 64 bits that similar pictures share most of.
    public var perceptualHash: UInt64
    public var width: Int
    public var height: Int

    public init(contentHash: [UInt8], perceptualHash: UInt64, width: Int, height: Int) {
        self.contentHash = contentHash
        self.perceptualHash = perceptualHash
        self.width = width
        self.height = height
    }
}

/// One image of the library.
public struct ImageRecord: Sendable, Equatable {
    public let id: Int64
    public let folderID: Int64
    /// Absolute.
    public let path: BytePath
    public let stamp: FileStamp
    public let state: ImageState
    public let facts: ImageFacts?
    public let cluster: Int64?
    public let split: Split?
    public let timesUsed: Int
    /// A code, such as `damaged` or `worker-died`.
    public let lastError: String?
}

/// The library in numbers.
public struct LibraryStats: Sendable, Equatable {
    public var folders = 0
    public var unavailableFolders = 0
    public var images: [ImageState: Int] = [:]
    /// Groups of ready images that show the same.
    public var clusters = 0
    public var heldOutClusters = 0
    public var databaseBytes = 0
}
