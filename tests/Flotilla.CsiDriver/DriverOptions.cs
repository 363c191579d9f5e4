namespace Flotilla.CsiDriver;

/// <param name="Directory">Holds the volumes and the log of calls.</param>
internal sealed record DriverOptions(string Name, string Directory, string Socket, string NodeId)
{
    public string Volume(string id) => Path.Combine(Directory, "volumes", id);
}
