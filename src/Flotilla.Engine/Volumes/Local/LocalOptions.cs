using System.Text.RegularExpressions;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Volumes.Local;

/// <summary>The options of the driver <c>local</c>, as dockerd has them: <c>type</c>, <c>device</c> and <c>o</c> are a line of fstab. Pure.</summary>
internal static partial class LocalOptions
{
    private static readonly string[] Known = ["type", "o", "device", "size"];
    private static readonly (string Given, string[] Needed)[] Needs = [("o", ["device", "type"]), ("device", ["type"]), ("type", ["device"])];

    /// <summary>What is wrong with them, in dockerd's words; null: nothing.</summary>
    public static string? Fault(IReadOnlyDictionary<string, string> options) =>
        options.Keys.FirstOrDefault(option => !Known.Contains(option)) is { } unknown ? $"invalid option: \"{unknown}\""
        : options.GetValueOrDefault("type") == "cifs" && HasPort(options.GetValueOrDefault("device") ?? "") ? "port not allowed in CIFS device URL, include 'port' in 'o='"
        : options.TryGetValue("size", out var size) && SizeFault(size) is { } fault ? fault
        : Needs.Where(pair => options.ContainsKey(pair.Given)).SelectMany(pair => pair.Needed).FirstOrDefault(needed => !options.ContainsKey(needed)) is { } missing ? $"missing required option: \"{missing}\""
        : null;

    /// <summary>Whether the volume is a file system of its own.</summary>
    public static bool AskForMount(IReadOnlyDictionary<string, string> options) =>
        !string.IsNullOrEmpty(options.GetValueOrDefault("type")) || !string.IsNullOrEmpty(options.GetValueOrDefault("device"));

    /// <summary>The host of <c>//HOST/SHARE</c>, with its port; empty: there is none.</summary>
    public static string HostOf(string device) => device.StartsWith("//", StringComparison.Ordinal) ? device[2..].Split('/')[0] : "";

    private static bool HasPort(string device) => PortAtTheEnd().IsMatch(HostOf(device));

    // Quotas of directories are the file system's business, which is not asked here.
    private static string? SizeFault(string size) => HumanSize.Parse(size) switch
    {
        null => $"invalid size: '{size}'",
        > 0 => "quota size requested but no quota support",
        _ => null,
    };

    [GeneratedRegex(@":\d+$", RegexOptions.NonBacktracking)]
    private static partial Regex PortAtTheEnd();
}
