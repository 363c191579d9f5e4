namespace Flotilla.Docker;

/// <summary>The drivers of logs that every engine has.</summary>
public static class LogDrivers
{
    public const string JsonFile = "json-file";
    public const string Local = "local";

    /// <summary>Nothing is kept.</summary>
    public const string None = "none";

    public static IReadOnlyList<string> All { get; } = [JsonFile, Local, None];

    /// <summary>Those that an engine tells of: that nothing is kept needs no driver.</summary>
    public static IReadOnlyList<string> Plugins { get; } = [JsonFile, Local];
}
