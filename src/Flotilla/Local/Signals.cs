using System.Runtime.InteropServices;

namespace Flotilla.Local;

/// <summary>.NET can only kill other processes, not ask them to end, nor halt them.</summary>
internal static class Signals
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private const int Halt = 19;
    private const int GoOn = 18;

    public static void Stop(int process) => _ = kill(process, Halt);

    public static void Continue(int process) => _ = kill(process, GoOn);

    public static void AskToStop(int process) => _ = kill(process, Terminate);

    public static void KillNow(int process) => _ = kill(process, Kill);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
#pragma warning disable SYSLIB1054 // Source-generated imports would need unsafe code for nothing: both arguments are plain numbers.
    private static extern int kill(int process, int signal);
#pragma warning restore SYSLIB1054
}
