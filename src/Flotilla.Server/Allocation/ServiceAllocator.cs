using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using Flotilla.Server.Http;
using Flotilla.Storage;

namespace Flotilla.Server.Allocation;

/// <summary>
/// Gives Services their cluster addresses and node ports. What the stored Services hold is known by following the store;
/// what is set aside for a write counts as taken until the write is seen there, or has failed.
/// </summary>
public sealed class ServiceAllocator
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (HashSet<uint> Addresses, HashSet<int> Ports)> held = new(StringComparer.Ordinal);
    private readonly HashSet<uint> addresses = [];
    private readonly HashSet<int> ports = [];
    private readonly HashSet<uint> pendingAddresses = [];
    private readonly HashSet<int> pendingPorts = [];
    private readonly AddressRange primary;
    private readonly int firstPort;
    private readonly int lastPort;
    private readonly string range;

    /// <param name="serviceCidr">IPv4, e.g. 10.96.0.0/12.</param>
    public ServiceAllocator(string serviceCidr, int firstPort = 30000, int lastPort = 32767)
    {
        range = serviceCidr;
        primary = AddressRange.Parse(serviceCidr)!;
        this.firstPort = firstPort;
        this.lastPort = lastPort;
    }

    /// <summary>What the stored Service holds from now on; null: it is gone.</summary>
    public void Set(string key, JsonObject? service)
    {
        lock (gate)
        {
            var now = service is null ? ([], []) : (Addresses: AddressesOf(service).ToHashSet(), Ports: PortsOf(service).ToHashSet());
            if (held.Remove(key, out var before))
            {
                addresses.ExceptWith(before.Addresses.Except(now.Item1));
                ports.ExceptWith(before.Ports.Except(now.Item2));
            }

            if (service is not null)
            {
                held[key] = now;
                addresses.UnionWith(now.Item1);
                ports.UnionWith(now.Item2);
                pendingAddresses.ExceptWith(now.Item1);
                pendingPorts.ExceptWith(now.Item2);
            }
        }
    }

    /// <summary>Begins anew with what is stored.</summary>
    public void Clear()
    {
        lock (gate)
        {
            held.Clear();
            addresses.Clear();
            ports.Clear();
        }
    }

    /// <summary>Fills in what <paramref name="service"/> needs; refuses what is taken or out of range.</summary>
    /// <param name="more">Ranges that were added later; each is used when those before it are full.</param>
    public Reservation Reserve(JsonObject service, JsonObject? old, IReadOnlyList<AddressRange> more, Fence? fence = null)
    {
        var spec = service.Child("spec");
        var asked = fence is null ? null : spec.DeepClone();
        var newAddresses = new List<uint>();
        var newPorts = new List<int>();
        lock (gate)
        {
            try
            {
                ReserveAddress(service, spec, old, [primary, .. more], newAddresses);
                ReservePorts(service, spec, old, newPorts);
            }
            catch
            {
                GiveBack();
                throw;
            }
        }

        return new Reservation(
            fence,
            () =>
            {
                lock (gate)
                {
                    GiveBack();
                }

                if (asked is not null)
                {
                    // Tried again, it must not insist on what it was given now.
                    service["spec"] = asked;
                }
            });

        void GiveBack()
        {
            pendingAddresses.ExceptWith(newAddresses);
            pendingPorts.ExceptWith(newPorts);
        }
    }

    private bool Take(uint address) => !addresses.Contains(address) && pendingAddresses.Add(address);

    private bool Take(int port) => !ports.Contains(port) && pendingPorts.Add(port);

    private void ReserveAddress(JsonObject service, JsonObject spec, JsonObject? old, IReadOnlyList<AddressRange> ranges, List<uint> reserved)
    {
        var clusterIp = spec.String("clusterIP");
        if (spec.String("type") == "ExternalName")
        {
            return;
        }

        if (clusterIp == "None")
        {
            spec["clusterIPs"] = new JsonArray("None");
            return;
        }

        if (!string.IsNullOrEmpty(clusterIp))
        {
            if (!IPAddress.TryParse(clusterIp, out var address))
            {
                throw Invalid(service, FieldError.Invalid("spec.clusterIPs[0]", clusterIp, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
            }

            var number = AddressRange.ToNumber(address);
            if (old is null || !AddressesOf(old).Contains(number))
            {
                if (!ranges.Any(one => one.Contains(number)))
                {
                    throw Invalid(service, FieldError.Invalid("spec.clusterIPs", new JsonArray(clusterIp), $"failed to allocate IP {clusterIp}: the provided IP ({clusterIp}) is not in the valid range. The range of valid IPs is {range}"));
                }

                if (!Take(number))
                {
                    throw Invalid(service, FieldError.Invalid("spec.clusterIPs", new JsonArray(clusterIp), $"failed to allocate IP {clusterIp}: provided IP is already allocated"));
                }

                reserved.Add(number);
            }

            spec["clusterIPs"] = new JsonArray(clusterIp);
            return;
        }

        var chosen = ranges.Select(one => one.Take(Take)).FirstOrDefault(taken => taken is not null) ?? throw Failures.Internal("failed to allocate a serviceIP: range is full");
        reserved.Add(chosen);
        var text = AddressRange.ToText(chosen);
        spec["clusterIP"] = text;
        spec["clusterIPs"] = new JsonArray(text);
    }

    private void ReservePorts(JsonObject service, JsonObject spec, JsonObject? old, List<int> reserved)
    {
        var needed = spec.String("type") switch
        {
            "NodePort" => true,
            "LoadBalancer" => spec.Boolean("allocateLoadBalancerNodePorts") != false,
            _ => false,
        };
        var held = old is null ? [] : PortsOf(old).ToHashSet();
        var list = spec.Objects("ports").ToList();
        for (var i = 0; i < list.Count; i++)
        {
            var wanted = (int)(list[i].Integer("nodePort") ?? 0);
            if (wanted == 0)
            {
                if (!needed)
                {
                    continue;
                }

                wanted = NextPort() ?? throw Failures.Internal("failed to allocate a nodePort: range is full");
                reserved.Add(wanted);
                list[i]["nodePort"] = wanted;
                continue;
            }

            var field = string.Create(CultureInfo.InvariantCulture, $"spec.ports[{i}].nodePort");
            if (held.Contains(wanted) || reserved.Contains(wanted))
            {
                continue;
            }

            if (wanted < firstPort || wanted > lastPort)
            {
                throw Invalid(service, FieldError.Invalid(field, JsonValue.Create(wanted), $"provided port is not in the valid range. The range of valid ports is {firstPort}-{lastPort}"));
            }

            if (!Take(wanted))
            {
                throw Invalid(service, FieldError.Invalid(field, JsonValue.Create(wanted), "provided port is already allocated"));
            }

            reserved.Add(wanted);
        }
    }

    private int? NextPort()
    {
        var count = lastPort - firstPort + 1;
        var offset = RandomNumberGenerator.GetInt32(count);
        for (var i = 0; i < count; i++)
        {
            var candidate = firstPort + ((offset + i) % count);
            if (Take(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static Api.ApiException Invalid(JsonObject service, FieldError error) =>
        Failures.Invalid(CoreKinds.Service, service.Object("metadata").String("name") ?? "", [error]);

    private static IEnumerable<uint> AddressesOf(JsonObject service) =>
        IPAddress.TryParse(service.Object("spec").String("clusterIP"), out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? [AddressRange.ToNumber(address)] : [];

    private static IEnumerable<int> PortsOf(JsonObject service) =>
        service.Object("spec").Objects("ports").Select(port => (int)(port.Integer("nodePort") ?? 0)).Where(port => port != 0);
}

/// <summary>Something set aside for a write. Disposed without <see cref="Keep"/>, it goes back.</summary>
/// <param name="fence">The write counts only while nobody else allocates.</param>
public sealed class Reservation(Fence? fence, Action? returned) : IAsyncDisposable
{
    private bool isKept;

    public static Reservation None => new(null, null);

    public Fence? Fence { get; } = fence;

    public void Keep() => isKept = true;

    public ValueTask DisposeAsync()
    {
        if (!isKept)
        {
            returned?.Invoke();
        }

        return ValueTask.CompletedTask;
    }
}
