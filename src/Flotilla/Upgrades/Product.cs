using System.Globalization;
using System.Reflection;

namespace Flotilla.Upgrades;

/// <summary>Which Flotilla this is; the build stamps both versions.</summary>
internal static class Product
{
    private const string DataVersionName = "FlotillaDataVersion";

    /// <summary>With the commit it was built from: <c>0.1.0+35266d3...</c>.</summary>
    public static string Version { get; } = typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static string Number => Version.Split('+')[0];

    /// <summary>What stands behind Kubernetes' version, in <c>/version</c> and in a node's status.</summary>
    public static string Build => $"flotilla.{Number}";

    /// <summary>Of what a server writes; a program reads all that are not newer than its own.</summary>
    public static int DataVersion { get; } = int.Parse(
        typeof(Product).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == DataVersionName).Value!, CultureInfo.InvariantCulture);
}
