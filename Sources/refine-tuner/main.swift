import Glibc
import WorkerTuning

exit(TunerMain.run(arguments: CommandLine.arguments))
