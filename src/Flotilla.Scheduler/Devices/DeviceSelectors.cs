using System.Collections.Concurrent;
using Flotilla.Api.Kinds.Resources;
using Flotilla.Cel;
using Flotilla.Cel.Libraries;
using Flotilla.Cel.Values;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>Expressions about devices, compiled once.</summary>
internal sealed class DeviceSelectors
{
    private const int Remembered = 256;

    private readonly ConcurrentDictionary<string, CompileResult> compiled = new(StringComparer.Ordinal);

    /// <summary>Whether every selector takes the device.</summary>
    /// <exception cref="DeviceSelectorException">An expression does not compile, or fails on this device.</exception>
    public bool Match(IEnumerable<V1DeviceSelector>? selectors, string driver, V1Device device, string where)
    {
        var index = 0;
        foreach (var selector in selectors ?? [])
        {
            if (selector.Cel is { } cel && !IsTrue(cel.Expression, driver, device, $"{where}: selector #{index}"))
            {
                return false;
            }

            index++;
        }

        return true;
    }

    private bool IsTrue(string expression, string driver, V1Device device, string where)
    {
        if (compiled.Count > Remembered)
        {
            compiled.Clear();
        }

        var result = compiled.GetOrAdd(expression, DeviceExpressions.Environment.Compile);
        if (result.Program is not { } program)
        {
            throw new DeviceSelectorException($"{where}: CEL compile error: {result.IssueText}");
        }

        var value = program.Evaluate(new CelBindings().Set("device", () => ValueOf(driver, device)));
        return value.Error is { } error ? throw new DeviceSelectorException($"{where}: CEL runtime error: {error}") : value.IsTrue;
    }

    private static MapValue ValueOf(string driver, V1Device device) => MapValue.Of(
    [
        new("driver", new StringValue(driver)),
        new("attributes", new DomainMap(Domains(driver, device.Attributes, ValueOf))),
        new("capacity", new DomainMap(Domains(driver, device.Capacity, capacity => KubernetesValues.Quantity(capacity.Value.ToString())))),
        new("allowMultipleAllocations", BoolValue.Of(device.AllowMultipleAllocations == true)),
    ]);

    /// <summary>A name without a domain is of the driver's own.</summary>
    private static Dictionary<string, MapValue> Domains<T>(string driver, IDictionary<string, T>? named, Func<T, CelValue> value) =>
        (named ?? new Dictionary<string, T>(StringComparer.Ordinal))
            .Select(one => (Domain: one.Key.Contains('/') ? one.Key[..one.Key.IndexOf('/')] : driver, Name: one.Key[(one.Key.IndexOf('/') + 1)..], Value: value(one.Value)))
            .GroupBy(one => one.Domain, StringComparer.Ordinal)
            .ToDictionary(domain => domain.Key, domain => MapValue.Of(domain.Select(one => KeyValuePair.Create(one.Name, one.Value))), StringComparer.Ordinal);

    private static CelValue ValueOf(V1DeviceAttribute attribute) =>
        attribute.StringValue is { } text ? new StringValue(text)
        : attribute.IntValue is { } number ? new IntValue(number)
        : attribute.BoolValue is { } flag ? BoolValue.Of(flag)
        : KubernetesValues.Semver(attribute.Version ?? "");

    /// <summary>Asking for a domain that a device says nothing about gives nothing, instead of failing.</summary>
    private sealed class DomainMap(Dictionary<string, MapValue> domains) : MapValue
    {
        private static readonly MapValue Nothing = Of([]);

        public override int Count => domains.Count;

        public override CelValue? Find(CelValue key) => key is StringValue text ? domains.GetValueOrDefault(text.Value, Nothing) : null;

        public override IEnumerable<CelValue> Keys() => domains.Keys.Select(domain => new StringValue(domain));
    }
}

/// <summary>A selector that nobody can evaluate: the claim or the class has to be mended.</summary>
internal sealed class DeviceSelectorException(string message) : Exception(message);
