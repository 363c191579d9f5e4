using System.Text;

namespace Flotilla.Local;

/// <summary>
/// Bridge and service table have fixed names, so a machine (a network namespace, where it has several) runs one node at a
/// time. Its claim outlives the server, as its containers and rules do; <c>down</c>, a reboot or the loss of its data ends it.
/// </summary>
internal static class MachineClaim
{
    // "net:[4026531840]"
    private static string OwnerFile => $"/run/flotilla.owner-{new string([.. (new FileInfo("/proc/self/ns/net").LinkTarget ?? "").Where(char.IsAsciiDigit)])}";

    /// <exception cref="UserError">The machine is another cluster's.</exception>
    public static async Task CheckAsync(ClusterSettings settings, CancellationToken cancellationToken, string? file = null)
    {
        if (await OtherAsync(settings, cancellationToken, file) is { } other)
        {
            throw Taken(other);
        }
    }

    /// <exception cref="UserError">The machine is another cluster's.</exception>
    public static async Task TakeAsync(ClusterSettings settings, CancellationToken cancellationToken, string? file = null)
    {
        await using var claim = await OpenAsync(file ?? OwnerFile, cancellationToken);
        if (OtherIn(claim, settings) is { } other)
        {
            throw Taken(other);
        }
        claim.SetLength(0);
        claim.Write(Encoding.UTF8.GetBytes(settings.DataDirectory));
    }

    public static void Release(ClusterSettings settings, string? file = null)
    {
        // Of a namespace that is gone nobody else would.
        foreach (var claim in file is null ? Directory.GetFiles("/run", "flotilla.owner-*") : [file])
        {
            if (File.Exists(claim) && File.ReadAllText(claim) is var owner && (owner == settings.DataDirectory || !ClusterSettings.IsIn(owner)))
            {
                File.Delete(claim);
            }
        }
    }

    /// <summary>The data directory of the cluster that has the machine, unless that is this one or exists no more.</summary>
    public static async Task<string?> OtherAsync(ClusterSettings settings, CancellationToken cancellationToken, string? file = null)
    {
        if (!File.Exists(file ?? OwnerFile))
        {
            return null;
        }
        await using var claim = await OpenAsync(file ?? OwnerFile, cancellationToken);
        return OtherIn(claim, settings);
    }

    private static string? OtherIn(FileStream claim, ClusterSettings settings)
    {
        using var reader = new StreamReader(claim, leaveOpen: true);
        var owner = reader.ReadToEnd();
        return owner.Length > 0 && owner != settings.DataDirectory && ClusterSettings.IsIn(owner) ? owner : null;
    }

    private static UserError Taken(string other) => new(
        $"The cluster in {other} has this machine, which can have one at a time; stop it first with: flotilla down --data-dir {other}");

    // Of two servers that start at the same moment one has to wait for the other's claim.
    private static async Task<FileStream> OpenAsync(string file, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 100)
            {
                await Task.Delay(10, cancellationToken);
            }
        }
    }
}
