using Flotilla.Node.DynamicResources.Health;

namespace Flotilla.Node.DynamicResources;

/// <summary>How devices are, as their drivers last told: what is old is not known any more. Any thread may ask and tell.</summary>
internal sealed class DeviceHealths(TimeProvider time)
{
    public const string Unknown = "Unknown";
    private const int LongestMessage = 1024;
    private const string Cut = "...";
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Report> reports = new(StringComparer.Ordinal);

    /// <summary>A device is not as it was.</summary>
    public event Action? Changed;

    /// <returns>Healthy, Unhealthy or Unknown, and what the driver says of it.</returns>
    public (string Status, string? Message) Of(string driver, string pool, string device)
    {
        lock (gate)
        {
            return reports.TryGetValue(driver, out var report) && report.Devices.TryGetValue((pool, device), out var told) && told.GoodUntil >= time.GetUtcNow() ? (told.Status, told.Message) : (Unknown, null);
        }
    }

    /// <param name="teller">The driver's instance. Devices that it leaves out stay as they were until that is old.</param>
    public void Tell(string driver, object teller, IEnumerable<DeviceHealth> devices)
    {
        var now = time.GetUtcNow();
        Change(() =>
        {
            var next = reports.TryGetValue(driver, out var before) ? before.Fresh(now) : [];
            foreach (var told in devices)
            {
                next[(told.Device?.PoolName ?? "", told.Device?.DeviceName ?? "")] = Told(told, now);
            }
            reports[driver] = new Report(teller, next);
        });
    }

    /// <summary>The instance tells nothing any more; another that has told since goes on.</summary>
    public void Forget(string driver, object teller) => Change(() =>
    {
        if (reports.TryGetValue(driver, out var report) && ReferenceEquals(report.Teller, teller))
        {
            reports.Remove(driver);
        }
    });

    /// <summary>To be called now and then: what got old is a change that nobody tells.</summary>
    public void DropOld() => Change(() =>
    {
        var now = time.GetUtcNow();
        foreach (var (driver, report) in reports.ToList())
        {
            reports[driver] = report with { Devices = report.Fresh(now) };
        }
    });

    private static Health Told(DeviceHealth told, DateTimeOffset now)
    {
        var status = told.Health switch
        {
            HealthStatus.Healthy => "Healthy",
            HealthStatus.Unhealthy => "Unhealthy",
            _ => Unknown,
        };
        var message = told.Message.Length > LongestMessage ? told.Message[..(LongestMessage - Cut.Length)] + Cut : told.Message;
        var patience = told.HealthCheckTimeoutSeconds is > 0 and < int.MaxValue ? TimeSpan.FromSeconds(told.HealthCheckTimeoutSeconds) : UsualPatience;
        return new Health(status, message.Length == 0 ? null : message, now + patience);
    }

    private void Change(Action change)
    {
        bool isOther;
        lock (gate)
        {
            var before = States();
            change();
            isOther = !before.SetEquals(States());
        }
        if (isOther)
        {
            Changed?.Invoke();
        }
    }

    // Under the gate.
    private HashSet<(string Driver, (string, string) Device, string Status, string? Message)> States() =>
        [.. reports.SelectMany(report => report.Value.Devices.Select(told => (report.Key, told.Key, told.Value.Status, told.Value.Message)))];

    private sealed record Health(string Status, string? Message, DateTimeOffset GoodUntil);

    private sealed record Report(object Teller, IReadOnlyDictionary<(string Pool, string Device), Health> Devices)
    {
        public Dictionary<(string Pool, string Device), Health> Fresh(DateTimeOffset now) => Devices.Where(told => told.Value.GoodUntil >= now).ToDictionary();
    }
}
