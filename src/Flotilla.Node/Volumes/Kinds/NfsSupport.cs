namespace Flotilla.Node.Volumes.Kinds;

/// <summary>What a node needs for file systems of NFS servers, in words for whoever can install it. Pure but for looking.</summary>
/// <param name="helperDirectories">Where mount(8) looks for its helpers.</param>
/// <param name="fileSystems">The kernel's list of those it knows.</param>
internal sealed class NfsSupport(IReadOnlyList<string> helperDirectories, string fileSystems)
{
    public static readonly NfsSupport OfThisMachine = new(["/sbin", "/usr/sbin"], "/proc/filesystems");

    /// <returns>null: nothing.</returns>
    public string? MissingHelper() => helperDirectories.Any(directory => File.Exists(Path.Combine(directory, "mount.nfs")))
        ? null
        : "the node has no mount.nfs, which NFS volumes need (Debian's package nfs-common)";

    /// <summary>To be asked after a mount that failed: the module is loaded by the first.</summary>
    /// <returns>null: nothing.</returns>
    public string? MissingModule() => File.ReadLines(fileSystems).Any(line => line.Trim().Split('\t')[^1].StartsWith("nfs", StringComparison.Ordinal))
        ? null
        : "the node's kernel knows no NFS (module nfs)";
}
