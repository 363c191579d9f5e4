namespace Flotilla.Node.Probes;

internal readonly record struct ProbeResult(bool Passed, string Output)
{
    public static readonly ProbeResult Ok = new(true, "");

    public static ProbeResult Failed(string output) => new(false, output);
}
