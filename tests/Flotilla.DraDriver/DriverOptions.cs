namespace Flotilla.DraDriver;

/// <param name="Directory">Holds the driver's socket, the log of calls and what a test puts there: a file <c>refuse</c> with a reason, one <c>ailment</c> with what ails the device.</param>
internal sealed record DriverOptions(string Name, string Directory, string CdiDirectory)
{
    public string Socket => Path.Combine(Directory, "dra.sock");

    public string? Refusal => Said("refuse");

    public string? Ailment => Said("ailment");

    /// <summary>The name of a claim's device for container runtimes.</summary>
    public string DeviceOf(string claimUid) => $"{Name}/claim={claimUid}";

    public string SpecOf(string claimUid) => Path.Combine(CdiDirectory, $"{Name}-{claimUid}.json");

    private string? Said(string about)
    {
        try
        {
            return File.ReadAllText(Path.Combine(Directory, about));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
