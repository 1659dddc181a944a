import BusTransport
import ImageLibrary
import RefineBus

// How the library's records travel.

extension FolderRecord {
    func busValue(isLive: Bool) -> BusValue {
        .options([
            "path": path.bytes.busValue, "state": state.rawValue.busValue, "live": isLive.busValue,
            "scanned-at": UInt64(max(scannedAt ?? 0, 0)).busValue, "excludes": options.excludes.busValue,
            "hidden": options.hidden.busValue, "screenshots": options.screenshots.busValue,
            "minimum-side": UInt32(clamping: options.minimumSide).busValue,
            "rescan-minutes": UInt32(clamping: options.rescanMinutes).busValue, "images": counts.busValue,
        ])
    }
}

extension ImageRecord {
    var busValue: BusValue {
        .options([
            "path": path.bytes.busValue, "state": state.rawValue.busValue,
            "size": UInt64(max(stamp.size, 0)).busValue, "width": UInt32(clamping: facts?.width ?? 0).busValue,
            "height": UInt32(clamping: facts?.height ?? 0).busValue, "split": (split?.rawValue ?? "").busValue,
            "cluster": .int64(cluster ?? 0), "times-used": UInt32(clamping: timesUsed).busValue,
            "error": (lastError ?? "").busValue,
        ])
    }
}

extension LibraryStats {
    func busValue(isBusy: Bool, _ progress: (done: Int, total: Int)?, _ failure: LibraryError.Code?) -> BusValue {
        .options([
            "folders": UInt32(clamping: folders).busValue,
            "unavailable-folders": UInt32(clamping: unavailableFolders).busValue, "images": images.busValue,
            "clusters": UInt64(clamping: clusters).busValue,
            "held-out-clusters": UInt64(clamping: heldOutClusters).busValue,
            "database-bytes": UInt64(clamping: databaseBytes).busValue, "busy": isBusy.busValue,
            "done": UInt64(clamping: progress?.done ?? 0).busValue,
            "total": UInt64(clamping: progress?.total ?? 0).busValue, "failure": (failure?.rawValue ?? "").busValue,
        ])
    }
}

extension [ImageState: Int] {
    /// `a{st}`.
    fileprivate var busValue: BusValue {
        let counts = Dictionary<String, UInt64>(
            uniqueKeysWithValues: map { ($0.key.rawValue, UInt64(clamping: $0.value)) })
        return counts.busValue
    }
}

extension LibraryError {
    /// Whether the database is at fault, or its disk, and no folder.
    var isOfDatabase: Bool { [.diskFull, .databaseFailed, .inUse].contains(code) }
}

extension RefineError {
    init(_ error: LibraryError) {
        let (code, subject): (Code, String) =
            switch error.code {
            case .invalidPath, .notAFolder, .alreadyWatched, .overlapping: (.invalidArgument, "path")
            case .invalidPattern: (.invalidArgument, "excludes")
            case .folderMissing, .notWatched: (.notFound, "path")
            case .unreadable: (.notAllowed, "path")
            case .inUse: (.busy, "library")
            case .newerDatabase, .diskFull, .databaseFailed: (.failed, "library")
            }
        self.init(code, subject, error.code.rawValue, error.problem, remedy: error.remedy)
    }
}
