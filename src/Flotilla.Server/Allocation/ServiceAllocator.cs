using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Services;
using Flotilla.Api.Kinds;
using Flotilla.Api.Networks;
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
    private readonly Dictionary<string, (HashSet<UInt128> Addresses, HashSet<int> Ports)> held = new(StringComparer.Ordinal);
    private readonly HashSet<UInt128> addresses = [];
    private readonly HashSet<int> ports = [];
    private readonly HashSet<UInt128> pendingAddresses = [];
    private readonly HashSet<int> pendingPorts = [];
    private readonly IReadOnlyList<AddressRange> first;
    private readonly IReadOnlyList<string> families;
    private readonly int firstPort;
    private readonly int lastPort;
    private readonly string range;

    /// <param name="serviceCidr">Like 10.96.0.0/12, or two of them, one of each family: 10.96.0.0/12,fd00:96::/112.</param>
    public ServiceAllocator(string serviceCidr, int firstPort = 30000, int lastPort = 32767)
    {
        range = serviceCidr;
        first = [.. serviceCidr.Split(',').Select(one => AddressRange.Parse(one)!)];
        families = [.. first.Select(one => ServiceFamilies.NameOf(one.Family))];
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
        var newAddresses = new List<UInt128>();
        var newPorts = new List<int>();
        lock (gate)
        {
            try
            {
                ReserveAddresses(service, spec, old, [.. first, .. more], newAddresses);
                ReservePorts(service, spec, old, newPorts);
                ReserveHealthPort(service, spec, old, newPorts);
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

    private bool Take(UInt128 address) => !addresses.Contains(address) && pendingAddresses.Add(address);

    private bool Take(int port) => !ports.Contains(port) && pendingPorts.Add(port);

    private void ReserveAddresses(JsonObject service, JsonObject spec, JsonObject? old, IReadOnlyList<AddressRange> ranges, List<UInt128> reserved)
    {
        if (spec.String("type") == "ExternalName")
        {
            return;
        }

        if (ServiceFamilies.Complete(spec, old.Object("spec"), families) is { Count: > 0 } errors)
        {
            throw Failures.Invalid(CoreKinds.Service, service.Object("metadata").String("name") ?? "", errors);
        }

        if (spec.String("clusterIP") == "None")
        {
            spec["clusterIPs"] = new JsonArray("None");
            return;
        }

        var known = (spec.Array("clusterIPs") ?? []).Select(address => address.AsString() ?? "").ToList();
        if (known.Count == 0 && spec.String("clusterIP") is { Length: > 0 } only)
        {
            known.Add(only);
        }

        // Of more than one refused all are told of.
        var wanted = new JsonArray([.. known]);
        List<string> addresses = [];
        foreach (var (family, i) in (spec.Array("ipFamilies") ?? []).Select((family, i) => (family.AsString(), i)))
        {
            List<AddressRange> own = [.. ranges.Where(one => ServiceFamilies.NameOf(one.Family) == family)];
            addresses.Add(i < known.Count && known[i].Length > 0 ? Keep(service, known[i], i, wanted, old, own, reserved) : Next(own, reserved));
        }

        spec["clusterIP"] = addresses[0];
        spec["clusterIPs"] = new JsonArray([.. addresses]);
    }

    private string Keep(JsonObject service, string text, int index, JsonArray wanted, JsonObject? old, IReadOnlyList<AddressRange> ranges, List<UInt128> reserved)
    {
        if (!IPAddress.TryParse(text, out var address))
        {
            throw Invalid(service, FieldError.Invalid(FieldRules.Indexed("spec.clusterIPs", index), text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
        }

        var number = AddressNumber.Of(address);
        if (old is not null && AddressesOf(old).Contains(number))
        {
            return text;
        }

        if (!ranges.Any(one => one.Contains(number)))
        {
            throw Invalid(service, FieldError.Invalid("spec.clusterIPs", wanted, $"failed to allocate IP {text}: the provided IP ({text}) is not in the valid range. The range of valid IPs is {RangeOf(address)}"));
        }

        if (!Take(number))
        {
            throw Invalid(service, FieldError.Invalid("spec.clusterIPs", wanted, $"failed to allocate IP {text}: provided IP is already allocated"));
        }

        reserved.Add(number);
        return text;
    }

    private string Next(IReadOnlyList<AddressRange> ranges, List<UInt128> reserved)
    {
        var chosen = ranges.Select(one => one.Take(Take)).FirstOrDefault(taken => taken is not null) ?? throw Failures.Internal("failed to allocate a serviceIP: range is full");
        reserved.Add(chosen);
        return AddressNumber.ToAddress(chosen).ToString();
    }

    private string RangeOf(IPAddress address) => range.Split(',').FirstOrDefault(one => IPNetwork.Parse(one).BaseAddress.AddressFamily == address.AddressFamily) ?? range;

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

            if ((wanted < firstPort || wanted > lastPort) && service.Object("metadata").Object("annotations").String(ServiceAnnotations.AnyNodePort) != "true")
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

    /// <summary>Where balancers elsewhere ask a node whether it has endpoints of the service.</summary>
    private void ReserveHealthPort(JsonObject service, JsonObject spec, JsonObject? old, List<int> reserved)
    {
        if (spec.String("type") != "LoadBalancer" || spec.String("externalTrafficPolicy") != "Local")
        {
            return;
        }

        var wanted = (int)(spec.Integer("healthCheckNodePort") ?? 0);
        if (wanted == 0)
        {
            wanted = NextPort() ?? throw Failures.Internal("failed to allocate a HealthCheck NodePort 0: range is full");
        }
        else if (HealthPortOf(old) == wanted)
        {
            return;
        }
        else if (wanted < firstPort || wanted > lastPort)
        {
            throw Failures.Internal(Text($"failed to allocate requested HealthCheck NodePort {wanted}: provided port is not in the valid range. The range of valid ports is {firstPort}-{lastPort}"));
        }
        else if (!Take(wanted))
        {
            throw Failures.Internal(Text($"failed to allocate requested HealthCheck NodePort {wanted}: provided port is already allocated"));
        }

        reserved.Add(wanted);
        spec["healthCheckNodePort"] = wanted;
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

    private static IEnumerable<UInt128> AddressesOf(JsonObject service) =>
        (service.Object("spec").Array("clusterIPs") is { Count: > 0 } all ? all.Select(one => one.AsString()) : [service.Object("spec").String("clusterIP")])
            .Select(text => IPAddress.TryParse(text, out var address) ? AddressNumber.Of(address) : (UInt128?)null)
            .OfType<UInt128>();

    private static IEnumerable<int> PortsOf(JsonObject service) =>
        service.Object("spec").Objects("ports").Select(port => (int)(port.Integer("nodePort") ?? 0)).Append(HealthPortOf(service)).Where(port => port != 0);

    private static int HealthPortOf(JsonObject? service) => (int)(service.Object("spec").Integer("healthCheckNodePort") ?? 0);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
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
