import BusTransport
import FoundationEssentials
import Glibc
import RefineBus

/// One of the conditions that the daemon tells of, in words.
struct TuningCondition {
    let code: String
    let verdict: String
    /// Whether it keeps from tuning now; what is not met and no obstacle was passed over by `tune start`.
    let isObstacle: Bool
    private let details: [String: BusValue]
    /// What programs that called `Inhibit` gave as their reason, by name.
    private var reasons: [String: String] = [:]

    /// - Parameter inhibitors: the property.
    init(_ condition: [String: BusValue], inhibitors: BusValue? = nil) {
        if case .array(_, let items)? = inhibitors {
            for item in items.compactMap(\.options) {
                guard let who: String = item["who"]?.content(), let why: String = item["why"]?.content() else {
                    continue
                }
                reasons[who] = why
            }
        }
        code = condition["code"]?.content() ?? ""
        verdict = condition["verdict"]?.content() ?? ""
        isObstacle = condition["obstacle"]?.content() ?? false
        details = condition
    }

    /// What was found, and what to do where something can be done.
    var words: String {
        let isMet = verdict == "met"
        if verdict == "unknown" { return unknown }
        if details["absent"]?.content() == true { return absent }
        switch code {
        case "enabled": return isMet ? "on" : "off; see: refinectl config get tuning.enabled"
        case "privacy": return isMet ? "all guards hold" : "a guard does not hold; see: refinectl privacy"
        case "model": return isMet ? "ready" : "none that can be tuned; see: refinectl status"
        case "photos":
            return "\(count("count")) to learn from (\(count("wanted")) wanted), \(count("held-out")) to check by "
                + "(\(count("held-out-wanted")) wanted)" + (isMet ? "" : "; see: refinectl library add")
        case "new-photos" where details["unfinished"]?.content() == true: return "a run is to be gone on with"
        case "new-photos": return "\(count("count")) that no run has used (\(count("wanted")) wanted)"
        case "disk": return "\(bytes("bytes")) free (\(bytes("wanted")) wanted)"
        case "inhibitors":
            let who: [String] = details["who"]?.content() ?? []
            guard !who.isEmpty else { return "none" }
            return who.map { name in
                TuningText.oneLine(name) + (reasons[name].map { " (\(TuningText.oneLine($0)))" } ?? "")
            }.joined(separator: ", ")
        case "jobs": return count("count") == 0 ? "no fill waits or runs" : "\(count("count")) wait or run"
        case "schedule": return schedule
        case "budget":
            return "\(Int(number("seconds") / 60)) of \(Int(number("limit") / 60)) minutes used today"
        case "idle": return idle
        case "power": return details["battery"]?.content() == true ? "battery" : "mains"
        case "charge":
            return details["percent"] == nil
                ? "no battery" : "\(Int(number("percent"))) % (\(Int(number("wanted"))) % wanted)"
        case "power-profile": return details["profile"]?.content() ?? ""
        case "load": return "others use \(percent("share")) % (\(percent("limit")) % at most)"
        case "memory": return "waited for in \(percent("share")) % of the time (\(percent("limit")) % at most)"
        case "temperature": return "\(Int(number("celsius"))) °C (\(Int(number("limit"))) °C at most)"
        // From a newer daemon.
        default: return verdict
        }
    }

    private var unknown: String {
        switch code {
        case "idle": "cannot be known: no compositor, screen saver or logind tells whether you are there"
        case "schedule": "cannot be read; see: refinectl schedule show"
        default: "cannot be known"
        }
    }

    private var absent: String {
        switch code {
        case "power", "charge": "no battery"
        case "power-profile": "no power profiles"
        case "temperature": "no sensor"
        default: "not measured here"
        }
    }

    private var schedule: String {
        let windows: String = details["windows"]?.content() ?? ""
        guard let opening: UInt64 = details["opens-at"]?.content() else {
            return windows == "always" ? windows : windows + (verdict == "met" ? ", open now" : ", closed")
        }
        return windows + ", opens " + TuningText.moment(opening)
    }

    private var idle: String {
        let source: String = details["source"]?.content() ?? ""
        let wanted = TuningText.duration(number("wanted"))
        guard details["exact"]?.content() == false else {
            return "away for \(TuningText.duration(number("seconds"))) (\(wanted) wanted; told by \(source))"
        }
        return (verdict == "met" ? "away" : "there, or away for less than \(wanted)") + " (told by \(source))"
    }

    private func count(_ name: String) -> Int64 {
        if case .int64(let value)? = details[name] { value } else { 0 }
    }

    private func number(_ name: String) -> Double { details[name]?.content() ?? 0 }

    private func percent(_ name: String) -> Int { Int((number(name) * 100).rounded()) }

    private func bytes(_ name: String) -> String { TuningText.bytes(Double(count(name))) }
}

/// What is said about tuning in more than one place.
enum TuningText {
    /// The state in one line.
    static func headline(_ properties: [String: BusValue]) -> String {
        let state: String = properties["State"]?.content() ?? ""
        let reasons: [String] = properties["Reason"]?.content() ?? []
        let forced = properties["Forced"]?.content() == true ? ", started by hand" : ""
        let cause = reasons.isEmpty ? "" : " for: " + reasons.joined(separator: ", ")
        switch state {
        case "tuning": return "tuning" + forced
        case "judging": return "comparing the tuned model with the one in use" + forced
        case "held": return "held" + cause + forced
        case "paused": return "paused; to go on: refinectl tune resume"
        default:
            guard !reasons.isEmpty else { return "about to begin" }
            guard reasons != ["failed-before"] else { return "not tuning: the last run failed, the next one waits" }
            return "not tuning, waits" + cause + forced
        }
    }

    /// How a run failed, in words with its code.
    static func failure(_ code: String) -> String {
        let words: String? =
            switch code {
            case "cannot-write", "disk-full": "its files could not be written; is the disk full?"
            case "killed": "its process was killed"
            case "not-finite": "it diverged; the model in use stays"
            case "no-usable-photos": "none of its photos could be read"
            case "sandbox": "its sandbox does not hold; see: refinectl privacy"
            case _ where code.hasPrefix("model-"): "a model folder or checkpoint is damaged; the next run begins anew"
            default: nil
            }
        return words.map { "\($0) (\(code))" } ?? code
    }

    /// What another program has given for people to read, without what would move the cursor or turn the text around.
    static func oneLine(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { ![.control, .format].contains($0.properties.generalCategory) }
        return String(String.UnicodeScalarView(kept.prefix(200)))
    }

    /// `12 s`, `5 min`, `3 h`.
    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(max(seconds, 0))) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(min(seconds, 1e12) / 86400)) days"
        }
    }

    /// `123 kB`, `5 MB`, `2.1 GB`, `67 GB`.
    static func bytes(_ count: Double) -> String {
        switch count {
        case ..<1e6: "\(Int((count / 1e3).rounded(.up))) kB"
        case ..<1e9: "\(Int((count / 1e6).rounded())) MB"
        case ..<1e10: "\(Double(Int(count / 1e8)) / 10) GB"
        default: "\(Int(min(count, 1e18) / 1e9)) GB"
        }
    }

    /// A time as the user's clock shows it, `Fri 22:00` or, further away, `2026-11-27 22:00`.
    ///
    /// - Parameter microseconds: since 1970.
    static func moment(_ microseconds: UInt64, withDay: Bool = false) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min))"
        let distance = Int64(microseconds / 1_000_000) - Int64(time(nil))
        guard withDay || abs(distance) > 6 * 86400 else {
            let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
            return "\(days[Int(parts.tm_wday) % 7]) \(clock)"
        }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(clock)"
    }
}
