using System.Globalization;

namespace Flotilla.Api.Signals;

/// <summary>The numbers of signals by their names; the same on x86-64 and ARM64.</summary>
public static class SignalNames
{
    private const int FirstRealTime = 34;
    private const int LastRealTime = 64;

    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["SIGHUP"] = 1, ["SIGINT"] = 2, ["SIGQUIT"] = 3, ["SIGILL"] = 4, ["SIGTRAP"] = 5, ["SIGABRT"] = 6, ["SIGIOT"] = 6, ["SIGBUS"] = 7, ["SIGFPE"] = 8,
        ["SIGKILL"] = 9, ["SIGUSR1"] = 10, ["SIGSEGV"] = 11, ["SIGUSR2"] = 12, ["SIGPIPE"] = 13, ["SIGALRM"] = 14, ["SIGTERM"] = 15, ["SIGSTKFLT"] = 16,
        ["SIGCHLD"] = 17, ["SIGCLD"] = 17, ["SIGCONT"] = 18, ["SIGSTOP"] = 19, ["SIGTSTP"] = 20, ["SIGTTIN"] = 21, ["SIGTTOU"] = 22, ["SIGURG"] = 23,
        ["SIGXCPU"] = 24, ["SIGXFSZ"] = 25, ["SIGVTALRM"] = 26, ["SIGPROF"] = 27, ["SIGWINCH"] = 28, ["SIGIO"] = 29, ["SIGPOLL"] = 29, ["SIGPWR"] = 30, ["SIGSYS"] = 31,
        ["SIGRTMIN"] = FirstRealTime, ["SIGRTMAX"] = LastRealTime,
    };

    /// <summary>Also <c>SIGRTMIN+3</c> and <c>SIGRTMAX-2</c>; null: there is no such signal.</summary>
    public static int? NumberOf(string name)
    {
        if (Numbers.TryGetValue(name, out var number))
        {
            return number;
        }
        if (name.Length < 10 || !int.TryParse(name.AsSpan(9), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) || offset > LastRealTime - FirstRealTime)
        {
            return null;
        }
        return name[..9] switch
        {
            "SIGRTMIN+" => FirstRealTime + offset,
            "SIGRTMAX-" => LastRealTime - offset,
            _ => null,
        };
    }
}
