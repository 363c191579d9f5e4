namespace Flotilla.DraDriver;

/// <param name="Directory">Holds the driver's socket, the log of calls and, when a test puts it there, a file <c>refuse</c> with a reason.</param>
internal sealed record DriverOptions(string Name, string Directory, string CdiDirectory)
{
    public string Socket => Path.Combine(Directory, "dra.sock");

    public string? Refusal => Path.Combine(Directory, "refuse") is var file && File.Exists(file) ? File.ReadAllText(file) : null;

    /// <summary>The name of a claim's device for container runtimes.</summary>
    public string DeviceOf(string claimUid) => $"{Name}/claim={claimUid}";

    public string SpecOf(string claimUid) => Path.Combine(CdiDirectory, $"{Name}-{claimUid}.json");
}
