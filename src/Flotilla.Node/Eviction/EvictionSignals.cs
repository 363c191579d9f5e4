using Flotilla.Node.Linux;
using Flotilla.Node.Statistics;
using Flotilla.Node.Status;

namespace Flotilla.Node.Eviction;

/// <summary>Reads what is left on this machine.</summary>
internal sealed class EvictionSignals(NodeOptions options)
{
    public Dictionary<EvictionSignal, SignalReading> Read()
    {
        // Pods' files and images are in one place.
        var disk = FileSystemSpace.Of(options.DataDirectory);
        var (bytes, files) = (new SignalReading(disk.AvailableBytes, disk.CapacityBytes), new SignalReading(disk.FreeFiles, disk.Files));
        var processes = Machine.MostProcesses();
        return new Dictionary<EvictionSignal, SignalReading>
        {
            [EvictionSignal.MemoryAvailable] = new(Machine.AvailableMemoryBytes(), NodeCapacity.MachineMemoryBytes()),
            [EvictionSignal.NodeDiskAvailable] = bytes,
            [EvictionSignal.NodeFilesFree] = files,
            [EvictionSignal.ImageDiskAvailable] = bytes,
            [EvictionSignal.ImageFilesFree] = files,
            [EvictionSignal.ProcessesAvailable] = new(processes - Machine.Processes(), processes),
        };
    }
}
