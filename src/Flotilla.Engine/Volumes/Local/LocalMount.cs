using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Volumes.Local;

/// <summary>Mounts what a volume's options say, by mount(2) as dockerd does: no helper of the file system is needed, and none is used.</summary>
/// <param name="resolveAsync">The addresses of a host's name.</param>
internal sealed class LocalMount(Func<string, CancellationToken, Task<IPAddress[]>> resolveAsync)
{
    private const string Address = "addr=";
    private const string Password = "password=";
    private static readonly string[] WithServers = ["nfs", "cifs"];

    public static LocalMount OfThisMachine { get; } = new(Dns.GetHostAddressesAsync);

    /// <exception cref="IOException">It cannot be, in dockerd's words.</exception>
    public async Task MountAsync(IReadOnlyDictionary<string, string> options, string directory, CancellationToken cancellationToken)
    {
        var (device, text) = await ResolvedAsync(options, cancellationToken);
        var type = options.GetValueOrDefault("type") ?? "";
        // A server that does not answer keeps a thread waiting, and the request cannot be taken back.
        if (await Task.Run(() => Mount(device, directory, type, MountOptions.Parse(text)), CancellationToken.None) is { } fault)
        {
            throw new IOException("failed to mount local volume: " + (WordOf(text, Password) is { Length: > 0 } secret ? fault.Replace(Password + secret, Password + "********", StringComparison.Ordinal) : fault));
        }
    }

    /// <summary>What the kernel is told, which knows no names of hosts.</summary>
    /// <exception cref="IOException">A name has no address, or the device is missing.</exception>
    public async Task<(string Device, string Options)> ResolvedAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellationToken)
    {
        var (type, device, text) = (options.GetValueOrDefault("type") ?? "", options.GetValueOrDefault("device") ?? "", options.GetValueOrDefault("o") ?? "");
        if (device.Length == 0)
        {
            throw new IOException("missing device in volume options");
        }

        if (!WithServers.Contains(type))
        {
            return (device, text);
        }

        if (WordOf(text, Address) is { Length: > 0 } name && !IsVersion4(name))
        {
            var words = text.Split(',').ToList();
            words[words.FindIndex(word => word.StartsWith(Address, StringComparison.Ordinal))] = Address + await AddressOfAsync(name, cancellationToken);
            return (device, string.Join(',', words));
        }

        var host = type == "cifs" ? LocalOptions.HostOf(device) : "";
        return (host.Length > 0 && !IPAddress.TryParse(host, out _) ? $"//{await AddressOfAsync(host, cancellationToken)}{device[(2 + host.Length)..]}" : device, text);
    }

    private static bool IsVersion4(string text) => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork;

    private static string? WordOf(string text, string prefix) => text.Split(',').FirstOrDefault(word => word.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];

    private async Task<IPAddress> AddressOfAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var all = await resolveAsync(name, cancellationToken);
            return all.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? all.FirstOrDefault() ?? throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException unknown)
        {
            var why = unknown.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData ? "no such host" : Native.InGo(unknown.Message);
            throw new IOException($"error resolving passed in network volume address: lookup {name}: {why}");
        }
    }

    // The flags of a bind count only for a second call, and those of propagation for one of their own.
    private static string? Mount(string device, string directory, string type, MountOptions options)
    {
        var fault = Call("mount", device, directory, type, options.Flags, options.Data);
        if (fault is not null)
        {
            return fault;
        }

        fault = options.Propagation == 0 ? null : Call("remount", "", directory, "", options.Propagation, "");
        fault ??= options.IsReadOnlyBind ? Call("remount-ro", "", directory, "", options.Flags | MountOptions.Remount, "") : null;
        if (fault is not null)
        {
            Native.Unmount(directory);
        }

        return fault;
    }

    private static string? Call(string name, string device, string directory, string type, ulong flags, string data)
    {
        var all = string.Create(CultureInfo.InvariantCulture, $"{name} {(device.Length > 0 ? device + ":" : "")}{directory}{(flags == 0 ? "" : $", flags: 0x{flags:x}")}{(data.Length == 0 ? "" : ", data: " + data)}");
        return Native.TryMount(device, directory, type, flags, data) is { } fault ? $"{all}: {fault}" : null;
    }
}
