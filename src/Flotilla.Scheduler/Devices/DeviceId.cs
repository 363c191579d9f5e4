namespace Flotilla.Scheduler.Devices;

/// <summary>Which device: its name is only unique in its driver's pool.</summary>
public readonly record struct DeviceId(string Driver, string Pool, string Device);
